// Package orderedmap stands for maps that keep an order; these are empty, for nothing is ever read.
package orderedmap

import "iter"

// Map is empty.
type Map[K comparable, V any] struct{}

// New makes an empty map.
func New[K comparable, V any]() *Map[K, V] { return &Map[K, V]{} }

// Len is always 0.
func Len[K comparable, V any](*Map[K, V]) int { return 0 }

// Set keeps nothing.
func (*Map[K, V]) Set(K, V) (before V, was bool) { return before, false }

// Delete has nothing to delete.
func (*Map[K, V]) Delete(K) (before V, was bool) { return before, false }

// Get finds nothing.
func (*Map[K, V]) Get(K) (value V, found bool) { return value, false }

// GetOrZero finds nothing.
func (*Map[K, V]) GetOrZero(K) (none V) { return none }

// FromOldest goes through nothing.
func (*Map[K, V]) FromOldest() iter.Seq2[K, V] { return func(func(K, V) bool) {} }

// KeysFromOldest goes through nothing.
func (*Map[K, V]) KeysFromOldest() iter.Seq[K] { return func(func(K) bool) {} }
