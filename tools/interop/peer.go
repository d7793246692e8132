// SPDX-License-Identifier: BSD-3-Clause
// The driver of gomemcache; README.md describes its command line. It has no settings.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer.go:", err)
		os.Exit(1)
	}
}

func lines(path string) []string {
	text, err := os.ReadFile(path)
	check(err)
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func servers(path string) []string {
	var addresses []string
	for _, line := range lines(path) {
		fields := strings.Split(line, "\t")
		address := fields[0]
		if fields[1] != "0" {
			address += ":" + fields[1]
		}
		addresses = append(addresses, address)
	}
	return addresses
}

func main() {
	client := memcache.New(servers(os.Args[3])...)
	client.Timeout = 10 * time.Second
	out := bufio.NewWriter(os.Stdout)
	for _, key := range lines(os.Args[4]) {
		if os.Args[1] == "store" {
			check(client.Set(&memcache.Item{Key: key, Value: []byte(key)}))
			continue
		}
		item, err := client.Get(key)
		if err == memcache.ErrCacheMiss {
			item, err = &memcache.Item{}, nil
		}
		check(err)
		fmt.Fprintf(out, "%s\n", item.Value)
	}
	check(out.Flush())
}
