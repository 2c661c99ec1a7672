package dialect

func init() {
	templates(map[string]string{
		"to_utf8":            "encode($1)",
		"to_hex":             "hex($1)",
		"md5":                "unhex(md5($1))",
		"sha1":               "unhex(sha1($1))",
		"sha256":             "unhex(sha256($1))",
		"sha512":             "trino_sha512($1)",
		"hmac_md5":           "trino_hmac('md5', $1, $2)",
		"hmac_sha1":          "trino_hmac('sha1', $1, $2)",
		"hmac_sha256":        "trino_hmac('sha256', $1, $2)",
		"hmac_sha512":        "trino_hmac('sha512', $1, $2)",
		"crc32":              "trino_crc32($1)",
		"xxhash64":           "trino_xxhash64($1)",
		"to_base64":          "to_base64($1)",
		"to_base64url":       "trino_to_base64url($1)",
		"to_base32":          "trino_to_base32($1)",
		"to_big_endian_32":   "trino_to_big_endian_32(CAST($1 AS BIGINT))",
		"to_big_endian_64":   "trino_to_big_endian_64($1)",
		"from_big_endian_32": "CAST(trino_from_big_endian_32($1) AS INTEGER)",
		"from_big_endian_64": "trino_from_big_endian_64($1)",
		"to_ieee754_32":      "trino_to_ieee754_32(CAST($1 AS DOUBLE))",
		"to_ieee754_64":      "trino_to_ieee754_64($1)",
		"from_ieee754_32":    "CAST(trino_from_ieee754_32($1) AS FLOAT)",
		"from_ieee754_64":    "trino_from_ieee754_64($1)",
	})
	// These take bytes too, when they are ASCII text.
	decode := func(f string) func(*emitter, *call) string {
		return func(e *emitter, c *call) string {
			x := e.arg(c, 0)
			if !e.argType(c, 0).IsString() {
				x = "trino_from_utf8(" + x + ", '\ufffd')"
			}
			return f + "(" + x + ")"
		}
	}
	writers(map[string]func(*emitter, *call) string{
		"from_hex": decode("trino_from_hex"), "from_base64": decode("trino_from_base64"),
		"from_base64url": decode("trino_from_base64url"), "from_base32": decode("trino_from_base32"),
		"from_utf8": func(e *emitter, c *call) string {
			replacement := "'\ufffd'"
			if len(c.args) == 2 {
				replacement = e.arg(c, 1)
				if !e.argType(c, 1).IsString() {
					replacement = "trino_chr(" + replacement + ")"
				}
			}
			return "trino_from_utf8(" + e.arg(c, 0) + ", " + replacement + ")"
		},
	})
}
