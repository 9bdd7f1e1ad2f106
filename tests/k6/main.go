// Command k6 is the stock load generator, built from its module, so that the tests of the whole
// speak to the real program without anybody having to install it.
package main

import "go.k6.io/k6/v2/cmd"

func main() { cmd.Execute() }
