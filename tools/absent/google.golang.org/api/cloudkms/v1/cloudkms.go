// Package cloudkms stands for the client of Google Cloud's keys.
package cloudkms

// CloudkmsScope is the right that the engine asks for, as in the client itself.
const CloudkmsScope = "https://www.googleapis.com/auth/cloudkms"
