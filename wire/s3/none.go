package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/versity/versitygw/s3err"
)

// Settings that no bucket here can have. Tools read them all before they change
// any (Terraform does for every bucket), so they get what S3 says of a bucket
// without them.

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

func element(local string) xml.Name { return xml.Name{Space: namespace, Local: local} }

func (*extras) getAccelerate(request) (any, error) {
	return struct{ XMLName xml.Name }{element("AccelerateConfiguration")}, nil
}

func (*extras) getLogging(request) (any, error) {
	return struct{ XMLName xml.Name }{element("BucketLoggingStatus")}, nil
}

type requestPayment struct {
	XMLName xml.Name
	Payer   string
}

func (*extras) getRequestPayment(request) (any, error) {
	return requestPayment{element("RequestPaymentConfiguration"), "BucketOwner"}, nil
}

func (*extras) putRequestPayment(r request) (any, error) {
	var in requestPayment
	if err := decodeXML(r.body, "RequestPaymentConfiguration", &in); err != nil {
		return nil, err
	}
	switch in.Payer {
	case "BucketOwner":
		return nil, nil // as it is
	case "Requester":
		return nil, notImplemented("Nobody pays for requests here, so requesters cannot.")
	}
	return nil, s3err.GetAPIError(s3err.ErrMalformedXML)
}

func (*extras) getEncryption(request) (any, error) {
	return nil, absent("ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found")
}

func (*extras) getReplication(request) (any, error) {
	return nil, absent("ReplicationConfigurationNotFoundError", "The replication configuration was not found")
}

func absent(code, message string) error {
	return s3err.APIError{Code: code, Description: message, HTTPStatusCode: http.StatusNotFound}
}

// publicAccess is always blocked, in all four ways.
type publicAccess struct {
	XMLName               xml.Name
	BlockPublicAcls       bool
	IgnorePublicAcls      bool
	BlockPublicPolicy     bool
	RestrictPublicBuckets bool
}

func (*extras) getPublicAccess(request) (any, error) {
	return publicAccess{element("PublicAccessBlockConfiguration"), true, true, true, true}, nil
}

func (*extras) putPublicAccess(r request) (any, error) {
	var in publicAccess
	if err := decodeXML(r.body, "PublicAccessBlockConfiguration", &in); err != nil {
		return nil, err
	}
	if !in.BlockPublicAcls || !in.IgnorePublicAcls || !in.BlockPublicPolicy || !in.RestrictPublicBuckets {
		return nil, notImplemented(noPublicAccess)
	}
	return nil, nil // as it is
}

// decodeXML decodes a body with the root element that is expected, in S3's
// namespace or none.
func decodeXML(body []byte, root string, into any) error {
	var name struct{ XMLName xml.Name }
	if xml.Unmarshal(body, &name) != nil || name.XMLName.Local != root || xml.Unmarshal(body, into) != nil {
		return s3err.GetAPIError(s3err.ErrMalformedXML)
	}
	return nil
}
