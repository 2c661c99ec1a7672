package duckdb

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

var deniedCallsArch = []uintptr{unix.SYS_KEXEC_FILE_LOAD}
