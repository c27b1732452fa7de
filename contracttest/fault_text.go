package contracttest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault parses a fault: words separated by commas, such as "status:503,times=2". At least one of these words,
// which say what happens, is required:
//
//	status:CODE     an error with this status code
//	delay:DURATION  a wait before the response, such as 2s
//	hang            no response
//	reset           connection reset before the response
//	truncate        connection closed in the middle of the body
//	stall           half of the body, then nothing
//	html            a gateway's HTML error page, with status code 502 unless another is given
//	drift           the integration with a property and a value that the contract does not have
//	unmasked        the integration with its secrets unmasked
//
// The others are optional:
//
//	times=N              for N requests only
//	probability=P        with this probability, above 0 and up to 1
//	retry-after=SECONDS  with this Retry-After header
func ParseFault(text string) (Fault, error) {
	f, err := parseFault(text)
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return f, nil
}

func parseFault(text string) (f Fault, err error) {
	var seen []string
	happens := false
	for word := range strings.SplitSeq(text, ",") {
		name, value := word, ""
		if i := strings.IndexAny(word, ":="); i >= 0 {
			name, value = word[:i], word[i+1:]
		}
		if slices.Contains(seen, name) {
			return f, fmt.Errorf("%s is given twice", name)
		}
		seen = append(seen, name)
		switch name {
		case "status":
			if f.Status, err = strconv.Atoi(value); err != nil || f.Status == 0 {
				return f, errors.New("status: want a status code, such as status:503")
			}
		case "delay":
			if f.Delay, err = time.ParseDuration(value); err != nil || f.Delay <= 0 {
				return f, errors.New("delay: want a duration, such as delay:2s")
			}
		case "times":
			if f.Times, err = strconv.Atoi(value); err != nil || f.Times < 1 {
				return f, errors.New("times: want a number of requests, such as times=2")
			}
			continue
		case "probability":
			if f.Probability, err = strconv.ParseFloat(value, 64); err != nil || !(f.Probability > 0 && f.Probability <= 1) {
				return f, errors.New("probability: want a number above 0 and up to 1, such as probability=0.5")
			}
			continue
		case "retry-after":
			if f.RetryAfter = value; value == "" {
				return f, errors.New("retry-after: want a value, such as retry-after=1")
			}
			continue
		default:
			kinds := f.kinds()
			i := slices.IndexFunc(kinds, func(k faultKind) bool { return k.name == name })
			if i < 0 || word != name {
				return f, fmt.Errorf("there is no %q; want status:CODE, delay:DURATION, hang, reset, truncate, stall, html, "+
					"drift or unmasked, and as wanted times=N, probability=P, retry-after=SECONDS", word)
			}
			*kinds[i].on = true
		}
		happens = true
	}
	if !happens {
		return f, errors.New("does not say what happens, such as status:503")
	}
	return f, nil
}

// A faultKind is a fault that is either on or off.
type faultKind struct {
	name string
	on   *bool
}

func (f *Fault) kinds() []faultKind {
	return []faultKind{
		{"html", &f.HTML}, {"drift", &f.Drift}, {"unmasked", &f.UnmaskedSecret},
		{"hang", &f.Hang}, {"reset", &f.Reset}, {"truncate", &f.Truncate}, {"stall", &f.Stall},
	}
}

// String returns the fault in the syntax of [ParseFault]. Anything that this syntax cannot express is named without its
// value.
func (f Fault) String() string {
	var words []string
	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	add(f.Delay != 0, "delay:"+f.Delay.String())
	add(f.Status != 0, "status:"+strconv.Itoa(f.Status))
	for _, kind := range f.kinds() {
		add(*kind.on, kind.name)
	}
	add(f.Code != "" || f.Message != "", "error")
	add(f.Body != nil, "body")
	add(f.Redirect != "", "redirect")
	add(len(f.Header) > 0, "header")
	add(f.RetryAfter != "", "retry-after="+f.RetryAfter)
	add(f.Times != 0, "times="+strconv.Itoa(f.Times))
	add(f.Probability != 0, "probability="+strconv.FormatFloat(f.Probability, 'g', -1, 64))
	return strings.Join(words, ",")
}
