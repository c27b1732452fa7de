package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestOutlineIsBounded(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat("0,", 100000), ",")
	for _, test := range []struct{ name, value, want string }{
		{"a scalar", `"x"`, "x"},
		{"null", `null`, "none"},
		{"nothing", `[]`, "none"},
		{"nested", `{"a":[1,{"b":true}],"c":null}`, "a=1, b=true, c=none"},
		{"as deep as is shown", strings.Repeat("[", maxDepth) + "1" + strings.Repeat("]", maxDepth), "1"},
		{"deeper", strings.Repeat("[", maxDepth+1) + "1" + strings.Repeat("]", maxDepth+1), "…"},
		{"long", `[` + many + `]`, strings.TrimSuffix(strings.Repeat("0, ", maxRows), ", ") + ", …"},
		{"a long name", `{"` + strings.Repeat("n", 1000) + `":1}`, strings.Repeat("n", maxLabel) + "…=1"},
		{"a long text", `["` + strings.Repeat("x", 5000) + `"]`, strings.Repeat("x", maxCell) + "…"},
	} {
		o, err := outlineOf([]byte(test.value))
		if err != nil {
			t.Fatal(err)
		}
		if got := o.inline(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	// The total number of values in nested arrays is limited.
	wide := func(value string) string { return "[" + strings.TrimSuffix(strings.Repeat(value+",", 150), ",") + "]" }
	o, err := outlineOf([]byte(wide(wide(wide("0")))))
	if err != nil {
		t.Fatal(err)
	}
	var count func(*outline) int
	count = func(o *outline) int {
		n := 1
		for _, item := range o.items {
			n += count(item)
		}
		return n
	}
	if n := count(o); n > maxNodes+maxRows*maxDepth {
		t.Errorf("got %d values, want about %d at most", n, maxNodes)
	}
}

func TestTableHasFewColumns(t *testing.T) {
	for columns, want := range map[int]bool{maxColumns: true, maxColumns + 1: false} {
		var objects []string
		for i := range columns {
			objects = append(objects, fmt.Sprintf(`{"n%d":1}`, i))
		}
		o, err := outlineOf([]byte("[" + strings.Join(objects, ",") + "]"))
		if err != nil {
			t.Fatal(err)
		}
		if got := table(o.items) != nil; got != want {
			t.Errorf("%d columns: a table is %v, want %v", columns, got, want)
		}
	}
}
