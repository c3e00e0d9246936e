// Package iterator stands for lists of Google Cloud, all of which are absent.
package iterator

import "errors"

// Done would end a list.
var Done = errors.New("no more items in iterator")
