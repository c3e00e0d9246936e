// Package iam stands for rights at Google Cloud.
package iam

// CloudPlatformScope is the right that Vault's provider asks for, as in the client itself.
const CloudPlatformScope = "https://www.googleapis.com/auth/cloud-platform"
