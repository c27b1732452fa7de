package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// tableRow prints one of several integrations. Rows are printed as they arrive, so the columns have the width of
// typical values; a wider value shifts the rest of its row.
func (p *printer) tableRow(i *client.Integration, report client.Report) {
	if p.widths == nil {
		slug := len("SLUG")
		for _, s := range p.slugs {
			slug = max(slug, len(s))
		}
		p.widths = []int{slug, len("custom-base-url"), len("archived"), len("organisation"), len("2006-01-02"), len("1 violation, 1 drift"), 0}
		p.row("SLUG", "PROVIDER", "STATUS", "LEVEL", "UPDATED", "FINDINGS", "NAME")
	}
	updated := i.CreatedAt
	if !i.LastUpdatedAt.IsZero() {
		updated = i.LastUpdatedAt
	}
	day, _, _ := strings.Cut(moment(updated, none), " ")
	p.row(i.Slug, string(i.Provider()), optional(string(i.Status)), optional(string(i.Type)), day, p.findings(report), i.Name)
}

func (p *printer) findings(r client.Report) string {
	var counts []string
	if p.validation == client.ValidationOff {
		counts = append(counts, "not checked")
	}
	switch n := len(r.Violations) + r.MoreViolations; n {
	case 0:
	case 1:
		counts = append(counts, "1 violation")
	default:
		counts = append(counts, fmt.Sprintf("%d violations", n))
	}
	if n := len(r.Drift) + r.MoreDrift; n > 0 {
		counts = append(counts, fmt.Sprintf("%d drift", n))
	}
	if counts == nil {
		return none
	}
	return strings.Join(counts, ", ")
}

func (p *printer) row(cells ...string) {
	for n, cell := range cells {
		cell = text.Line(cell, maxColumn)
		cells[n] = pad(cell, max(p.widths[n], utf8.RuneCountInString(cell)))
	}
	fmt.Fprintln(p.out, strings.TrimRight(strings.Join(cells, "  "), " "))
}
