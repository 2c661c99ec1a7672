package disk

// Check is for tests outside the package.
var Check = check
