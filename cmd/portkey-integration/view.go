package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

const none = "none"

// view prints an integration for people. body is its redacted JSON.
func (a *app) view(i *client.Integration, body []byte, report client.Report) error {
	root, err := tree(body)
	if err != nil {
		return err
	}
	v := &view{app: a}
	fmt.Fprintln(a.out, a.paint(bold, printable(i.Name)))
	v.identity(i, member(root, "tags"))
	v.access(i)
	v.configuration(i, member(root, "configurations"))
	v.pricing(i, member(member(root, "pricing_adjustments"), "multiplier"))
	v.secrets(i)
	v.findings("Violations: the answer breaks the contract", red, report.Violations)
	v.findings("Drift: the answer goes beyond the contract", yellow, report.Drift)
	return a.out.Flush()
}

// view is a text of titled groups, each of aligned rows.
type view struct {
	app  *app
	rows [][2]string
}

// row adds a label and what is to be said about it. A label may be indented.
func (v *view) row(label, text string) { v.rows = append(v.rows, [2]string{label, text}) }

// group prints the rows so far under a title. With no rows, the title says so.
func (v *view) group(title, color string) {
	w := v.app.out
	fmt.Fprintf(w, "\n%s", v.app.paint(color, title))
	if len(v.rows) == 0 {
		fmt.Fprint(w, "  "+none)
	}
	fmt.Fprintln(w)
	width := 0
	for _, r := range v.rows {
		width = max(width, utf8.RuneCountInString(r[0]))
	}
	for _, r := range v.rows {
		fmt.Fprintln(w, strings.TrimRight("  "+pad(r[0], width)+"  "+r[1], " "))
	}
	v.rows = nil
}

func (v *view) identity(i *client.Integration, tags *yaml.Node) {
	provider := string(i.Provider())
	if i.AIProviderID != provider {
		provider += " (as " + i.AIProviderID + ")"
	}
	v.row("slug", printable(i.Slug))
	v.row("id", printable(i.ID))
	v.row("provider", printable(provider))
	v.row("status", optional(i.Status))
	v.row("level", optional(i.Type))
	v.row("organisation", optional(i.OrganisationID))
	v.row("workspace", optional(i.WorkspaceID))
	v.row("owner", optional(i.OwnerID))
	v.row("description", optional(i.Description))
	v.row("tags", inline(tags))
	v.row("created", moment(&i.CreatedAt))
	v.row("last updated", moment(i.LastUpdatedAt))
	v.row("key, masked", optional(i.MaskedKey))
	v.group("Identity", bold)
}

func (v *view) access(i *client.Integration) {
	v.row("workspaces", optional(i.WorkspaceCount))
	v.row("later models", toggle(i.AllowAllModels))
	for _, access := range []struct {
		field string
		*gen.GlobalWorkspaceAccess
	}{
		{"global_workspace_access_settings", i.GlobalWorkspaceAccessSettings},
		{"global_workspace_access", i.GlobalWorkspaceAccess},
	} {
		if access.GlobalWorkspaceAccess == nil {
			continue
		}
		v.row("all workspaces", toggle(&access.Enabled)+" ("+access.field+")")
		v.row("  usage limit", join(access.UsageLimits, usageLimit))
		v.row("  rate limit", join(access.RateLimits, rateLimit))
	}
	if i.GlobalWorkspaceAccessSettings == nil && i.GlobalWorkspaceAccess == nil {
		v.row("all workspaces", none)
	}
	v.group("Access and limits", bold)
}

func (v *view) configuration(i *client.Integration, node *yaml.Node) {
	title := "Configuration"
	if configuration := i.Configuration(); configuration != nil {
		title += fmt.Sprintf(" (%T)", configuration)
	}
	v.flatten("", node)
	v.group(title, bold)
}

// flatten adds a row for each scalar in a value, and a table for each array of objects.
func (v *view) flatten(path string, node *yaml.Node) {
	switch {
	case node == nil || path == "" && node.Tag == "!!null": // No row says it.
	case node.Kind == yaml.MappingNode && (len(node.Content) > 0 || path == ""):
		for i := 0; i < len(node.Content); i += 2 {
			v.flatten(strings.TrimPrefix(path+"."+printable(node.Content[i].Value), "."), node.Content[i+1])
		}
	case node.Kind == yaml.SequenceNode && len(node.Content) > 0 && all(node.Content, isFlatObject):
		for n, line := range table(node.Content) {
			if n > 0 {
				path = ""
			}
			v.row(path, line)
		}
	default:
		v.row(path, inline(node))
	}
}

// table aligns objects under the names of their members.
func table(objects []*yaml.Node) []string {
	var names []string
	for _, object := range objects {
		for i := 0; i < len(object.Content); i += 2 {
			if name := object.Content[i].Value; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	lines := make([]string, len(objects)+1)
	for _, name := range names {
		column := []string{printable(name)}
		for _, object := range objects {
			column = append(column, inline(member(object, name)))
		}
		width := 0
		for _, cell := range column {
			width = max(width, utf8.RuneCountInString(cell))
		}
		for n, cell := range column {
			lines[n] += pad(cell, width) + "  "
		}
	}
	return lines
}

func (v *view) pricing(i *client.Integration, multiplier *yaml.Node) {
	if i.PricingAdjustments != nil {
		inherited := "list price"
		if m := i.PricingAdjustments.Multiplier; m != nil && m.Default != nil {
			inherited = "as default"
		}
		v.factors("", multiplier, inherited)
		// What the others inherit comes first, wherever the answer has it.
		slices.SortStableFunc(v.rows, func(a, b [2]string) int { return cmp.Compare(rank(a[0]), rank(b[0])) })
	}
	title := "Pricing"
	if len(v.rows) > 0 {
		title += ", of the provider's list price"
	}
	v.group(title, bold)
}

func rank(kind string) int {
	if kind == "default" {
		return 0
	}
	return 1
}

func (v *view) factors(path string, node *yaml.Node, inherited string) {
	switch {
	case node == nil:
	case node.Kind == yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			v.factors(strings.TrimPrefix(path+"."+printable(node.Content[i].Value), "."), node.Content[i+1], inherited)
		}
	case node.Tag == "!!null" && path == "":
	case node.Tag == "!!null":
		v.row(path, inherited)
	default:
		v.row(path, factor(node.Value))
	}
}

// factor shows 0.8 as 80% (x 0.8).
func factor(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return printable(text)
	case f == 0:
		return "free (x 0)"
	}
	// Rounded, since 0.07 * 100 is 7.000000000000001.
	percent, _ := strconv.ParseFloat(strconv.FormatFloat(f*100, 'g', 12, 64), 64)
	return fmt.Sprintf("%s%% (x %s)", number(percent), text)
}

func (v *view) secrets(i *client.Integration) {
	for _, m := range i.SecretMappings {
		text := "from " + m.SecretReferenceID
		if m.SecretKey != nil {
			text += ", member " + *m.SecretKey
		}
		if m.ValueFormat != nil {
			text += ", as " + string(*m.ValueFormat)
		}
		v.row(printable(m.TargetField), printable(text))
	}
	v.group("Secret mappings", bold)
}

func (v *view) findings(title, color string, findings []client.Finding) {
	for _, f := range findings {
		v.row(printable(f.Pointer), printable(f.Reason+" ("+f.Keyword+")"))
	}
	if len(v.rows) > 0 {
		v.group(title, color)
	}
}

// usageLimit says "500 USD per month, alert at 400, next reset 2026-12-01 00:00:00 UTC".
func usageLimit(l gen.UsageLimits) string {
	text := "unlimited"
	if l.CreditLimit != nil {
		text = number(*l.CreditLimit)
	}
	if l.Type != nil {
		unit := map[gen.UsageLimitType]string{gen.UsageLimitTypeCost: "USD", gen.UsageLimitTypeTokens: "tokens"}[*l.Type]
		if unit == "" {
			unit = string(*l.Type)
		}
		text += " " + unit
	}
	switch {
	case l.PeriodicResetDays != nil && *l.PeriodicResetDays == 1:
		text += " per day"
	case l.PeriodicResetDays != nil:
		text += fmt.Sprintf(" per %d days", *l.PeriodicResetDays)
	case l.PeriodicReset == nil:
		text += " in all, no reset"
	case *l.PeriodicReset == gen.PeriodicResetMonthly:
		text += " per month"
	case *l.PeriodicReset == gen.PeriodicResetWeekly:
		text += " per week"
	default:
		text += ", reset " + string(*l.PeriodicReset)
	}
	if l.AlertThreshold != nil {
		text += ", alert at " + number(*l.AlertThreshold)
	}
	if l.NextUsageResetAt != nil {
		text += ", next reset " + moment(l.NextUsageResetAt)
	}
	return printable(text)
}

// rateLimit says "600 requests per minute".
func rateLimit(l gen.RateLimits) string {
	text := "unlimited"
	if l.Value != nil {
		text = group(strconv.FormatInt(*l.Value, 10))
	}
	if l.Type != nil {
		text += " " + string(*l.Type)
	}
	if l.Unit != nil {
		span := map[gen.RateLimitUnit]string{
			gen.RateLimitUnitRPM: "minute", gen.RateLimitUnitRPH: "hour", gen.RateLimitUnitRPD: "day", gen.RateLimitUnitRPW: "week",
		}[*l.Unit]
		if span == "" {
			text += " (" + string(*l.Unit) + ")"
		} else {
			text += " per " + span
		}
	}
	return printable(text)
}

func join[T any](items []T, text func(T) string) string {
	if len(items) == 0 {
		return none
	}
	var texts []string
	for _, item := range items {
		texts = append(texts, text(item))
	}
	return strings.Join(texts, "; ")
}

func optional[T any](value *T) string {
	if value == nil {
		return none
	}
	return printable(fmt.Sprint(*value))
}

func toggle(b *bool) string {
	switch {
	case b == nil:
		return none
	case *b:
		return "enabled"
	}
	return "not enabled"
}

func moment(t *time.Time) string {
	switch {
	case t == nil:
		return "never"
	case t.IsZero(): // Required, and missing all the same.
		return none
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func number(f float64) string { return group(strconv.FormatFloat(f, 'f', -1, 64)) }

// group puts commas between thousands.
func group(number string) string {
	whole, fraction, _ := strings.Cut(number, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole
}

// inline is a value on one line.
func inline(node *yaml.Node) string {
	if node == nil || node.Tag == "!!null" {
		return none
	}
	var parts []string
	switch node.Kind {
	case yaml.ScalarNode:
		return printable(node.Value)
	case yaml.SequenceNode:
		for _, item := range node.Content {
			parts = append(parts, inline(item))
		}
	default:
		for i := 0; i < len(node.Content); i += 2 {
			parts = append(parts, printable(node.Content[i].Value)+"="+inline(node.Content[i+1]))
		}
	}
	if len(parts) == 0 {
		return none
	}
	return strings.Join(parts, ", ")
}

// member is the value of that name in an object, nil where there is none.
func member(object *yaml.Node, name string) *yaml.Node {
	if object == nil || object.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(object.Content); i += 2 {
		if object.Content[i].Value == name {
			return object.Content[i+1]
		}
	}
	return nil
}

func isFlatObject(node *yaml.Node) bool {
	return node.Kind == yaml.MappingNode && len(node.Content) > 0 &&
		all(node.Content, func(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode })
}

func all[T any](items []T, f func(T) bool) bool {
	return !slices.ContainsFunc(items, func(item T) bool { return !f(item) })
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", width-utf8.RuneCountInString(text))
}

// printable is text from a server on one line, without what would move a terminal's cursor or hide a part of it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
