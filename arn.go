package lethe

// Resource names, in the forms of AWS's service authorization reference. Every
// name that a policy can hold is made here.

// BucketARN names a bucket.
func BucketARN(bucket string) string { return "arn:aws:s3:::" + bucket }

// ObjectARN names an object, or with a pattern as key several.
func ObjectARN(bucket, key string) string { return "arn:aws:s3:::" + bucket + "/" + key }

// WorkgroupARN names an Athena workgroup.
func WorkgroupARN(region, name string) string {
	return "arn:aws:athena:" + region + ":" + Account + ":workgroup/" + name
}

// DataCatalogARN names an Athena data catalog.
func DataCatalogARN(region, name string) string {
	return "arn:aws:athena:" + region + ":" + Account + ":datacatalog/" + name
}

// FunctionARN names a connector, which is a function in AWS.
func FunctionARN(region, name string) string {
	return "arn:aws:lambda:" + region + ":" + Account + ":function:" + name
}

// CatalogARN names the lake's own catalog.
func CatalogARN(region string) string { return "arn:aws:glue:" + region + ":" + Account + ":catalog" }

// DatabaseARN names a database of the lake's own catalog.
func DatabaseARN(region, database string) string {
	return "arn:aws:glue:" + region + ":" + Account + ":database/" + database
}

// TableARN names a table of the lake's own catalog.
func TableARN(region, database, table string) string {
	return "arn:aws:glue:" + region + ":" + Account + ":table/" + database + "/" + table
}

// UserARN names a user.
func UserARN(name string) string { return "arn:aws:iam::" + Account + ":user/" + name }

// IAMARN names a resource of IAM, such as user/ada.
func IAMARN(resource string) string { return "arn:aws:iam::" + Account + ":" + resource }

// SessionARN names a session of a role.
func SessionARN(role, session string) string {
	return "arn:aws:sts::" + Account + ":assumed-role/" + role + "/" + session
}

// SecretARN names a secret by its name and the random end of its ARN.
func SecretARN(region, name string) string {
	return "arn:aws:secretsmanager:" + region + ":" + Account + ":secret:" + name
}

// QuickSightARN names a dataset, an analysis or a dashboard by its id.
func QuickSightARN(region, kind, id string) string {
	return "arn:aws:quicksight:" + region + ":" + Account + ":" + kind + "/" + id
}
