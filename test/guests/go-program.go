// A Go program that uses WASI by way of its standard library: clocks, goroutines that sleep, files, links, a full disk
// and the end of the program. It prints the results line by line; test/guests/go-program.test.ts knows the right ones.
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

func main() {
	start := time.Now()
	time.Sleep(1500 * time.Millisecond)
	fmt.Println("slept", time.Since(start), time.Now().UTC().Format(time.RFC3339Nano))

	results := make(chan int, 3)
	for index := range 3 {
		go func() {
			time.Sleep(time.Duration(3-index) * time.Second)
			results <- index
		}()
	}
	fmt.Println("goroutines", <-results, <-results, <-results, time.Since(start))

	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Printf("read %q %v arguments %q LANG %q\n", line, err, os.Args, os.Getenv("LANG"))

	fmt.Println("made", os.MkdirAll("/data/a/b", 0o755), os.WriteFile("/data/a/f", []byte("hi"), 0o644))
	fmt.Println("linked", os.Symlink("f", "/data/a/l"), os.Link("/data/a/f", "/data/h"))
	content, err := os.ReadFile("/data/a/l")
	fmt.Println("through the link", string(content), err)
	fmt.Println("times", os.Chtimes("/data/h", time.Unix(5, 0), time.Unix(6, 7)))
	info, err := os.Stat("/data/a/f")
	fmt.Println("modified", info.ModTime().UnixNano(), err)
	file, err := os.Create("/data/full")
	fmt.Println("created", err)
	_, err = file.WriteAt([]byte("x"), 1<<40)
	fmt.Println("full", err)
	fmt.Println("removed", os.RemoveAll("/data/a"))
	os.Exit(1)
}
