package awsproto

import "reflect"

// queryProtocol is AWS Query: a form with Action, Version and the input's members as
// dotted names, answered in XML.
type queryProtocol struct{ model *Model }

func (p queryProtocol) contentType() string { return "text/xml" }

// encode writes
//
//	<XResponse xmlns="..."><XResult>...</XResult><ResponseMetadata><RequestId>...
func (p queryProtocol) encode(op *Operation, output any, requestID string) ([]byte, error) {
	b := make([]byte, 0, 1024)
	b = append(b, '<')
	b = append(b, op.Name...)
	b = append(b, `Response xmlns="`...)
	b = append(b, p.model.Metadata.XMLNamespace...)
	b = append(b, `">`...)
	if op.Output != nil {
		var err error
		wrapper := op.Output.ResultWrapper
		if wrapper != "" {
			b = openTag(b, wrapper)
		}
		if b, err = appendXMLMembers(b, op.Output.shape, reflect.ValueOf(output).Elem()); err != nil {
			return nil, err
		}
		if wrapper != "" {
			b = closeTag(b, wrapper)
		}
	}
	b = append(b, "<ResponseMetadata><RequestId>"...)
	b = append(b, requestID...)
	b = append(b, "</RequestId></ResponseMetadata>"...)
	return closeTag(b, op.Name+"Response"), nil
}

// encodeFailure writes
//
//	<ErrorResponse xmlns="..."><Error><Type>Sender</Type><Code>...</Code><Message>...
func (p queryProtocol) encodeFailure(f *failure, requestID string) []byte {
	b := []byte("<ErrorResponse")
	if p.model != nil {
		b = append(b, ` xmlns="`...)
		b = append(b, p.model.Metadata.XMLNamespace...)
		b = append(b, '"')
	}
	b = append(b, "><Error><Type>"...)
	if f.status >= 500 {
		b = append(b, "Receiver"...)
	} else {
		b = append(b, "Sender"...)
	}
	b = append(b, "</Type><Code>"...)
	b = appendXMLText(b, f.code)
	b = append(b, "</Code><Message>"...)
	b = appendXMLText(b, f.message)
	b = append(b, "</Message></Error><RequestId>"...)
	b = append(b, requestID...)
	return append(b, "</RequestId></ErrorResponse>"...)
}

func (p queryProtocol) word(r reason) word { return words[r].query }
