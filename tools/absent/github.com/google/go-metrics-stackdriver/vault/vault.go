// Package vault stands for what Vault says to a sink that is absent.
package vault

// Extractor and Bucketer are never asked.
var Extractor, Bucketer any
