package config

// Endpoints says where a running lake answers. It is the content of the file
// lethe.json in its folder.
type Endpoints struct {
	AWS     string `json:"aws_endpoint"`
	S3      string `json:"s3_endpoint,omitempty"` // S3 alone, where configured
	Console string `json:"console_url"`
	HMS     string `json:"hms_uri"` // "" while nothing serves the metastore
	Region  string `json:"region"`
	PID     int    `json:"pid"`
	Version string `json:"version"`
}
