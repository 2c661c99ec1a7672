package awsproto

// jsonProtocol is AWS JSON 1.1: a POST with the operation in X-Amz-Target, and JSON
// objects both ways.
type jsonProtocol struct{ model *Model }

func (p jsonProtocol) contentType() string {
	return "application/x-amz-json-" + orDefault(p.model.Metadata.JSONVersion, "1.1")
}

func (p jsonProtocol) encode(op *Operation, output any, _ string) ([]byte, error) {
	if op.Output == nil {
		return []byte("{}"), nil
	}
	return encodeJSON(make([]byte, 0, 1024), op.Output.shape, output)
}

// encodeFailure writes the code, the exception's members, and a message. The real
// services use both spellings of "message", and clients read both.
func (p jsonProtocol) encodeFailure(f *failure, _ string) []byte {
	b := append([]byte(`{"__type":`), appendJSONString(nil, f.code)...)
	message := false
	for _, m := range f.members {
		b = append(append(b, ','), appendJSONString(nil, m.Name)...)
		b = append(append(b, ':'), m.json...)
		message = message || m.Name == "Message" || m.Name == "message"
	}
	if !message {
		b = append(append(b, `,"message":`...), appendJSONString(nil, f.message)...)
	}
	return append(b, '}')
}

func (p jsonProtocol) word(r reason) word { return words[r].json }
