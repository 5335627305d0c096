//go:build tools

// Package tools pins the program that binary.py builds: a validator of the reference network.
package tools

import _ "github.com/cosmos/evm/cmd/evmd"
