import type { Certificate, SignedCertificate } from '../api/erasure';

/** Reads what was signed. Whether the signature holds, the server says. */
export function opened(signed: SignedCertificate): Certificate {
  const bytes = Uint8Array.from(atob(signed.certificate), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Certificate;
}
