package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// view prints an integration as text. body is its redacted JSON.
func (a *app) view(i *client.Integration, body []byte, report client.Report) error {
	root, err := outlineOf(body)
	if err != nil {
		return err
	}
	v := &view{app: a}
	fmt.Fprintln(a.out, a.paint(bold, text.Line(i.Name, maxCell)))
	v.identity(i, root.member("tags"))
	v.access(i)
	v.configuration(i, root.member("configurations"))
	v.pricing(i, root.member("pricing_adjustments").member("multiplier"))
	v.secrets(i)
	v.findings("Violations of the contract", red, report.Violations, report.MoreViolations)
	v.findings("Drift from the contract", yellow, report.Drift, report.MoreDrift)
	return a.out.Flush()
}

// view prints titled groups of aligned rows.
type view struct {
	app  *app
	rows [][2]string
	more int // Number of rows left out.
}

// row adds a label, which may be indented, and its value.
func (v *view) row(label, value string) {
	if len(v.rows) >= maxRows {
		v.more++
		return
	}
	v.rows = append(v.rows, [2]string{text.Line(label, maxLabel), text.Line(value, maxCell)})
}

// group prints the rows so far under a title, or the title with a note that there are none.
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
	if v.more > 0 {
		fmt.Fprintf(w, "  %s and %d more\n", ellipsis, v.more)
	}
	v.rows, v.more = nil, 0
}

func (v *view) identity(i *client.Integration, tags *outline) {
	provider := string(i.Provider())
	if i.AIProviderID != provider {
		provider += " (as " + i.AIProviderID + ")"
	}
	v.row("slug", i.Slug)
	v.row("id", i.ID)
	v.row("provider", provider)
	v.row("status", optional(string(i.Status)))
	v.row("level", optional(string(i.Type)))
	v.row("organisation", optional(i.OrganisationID))
	v.row("workspace", optional(i.WorkspaceID))
	v.row("owner", optional(i.OwnerID))
	v.row("description", optional(i.Description))
	v.row("tags", tags.inline())
	v.row("created", moment(i.CreatedAt, none))
	v.row("last updated", moment(i.LastUpdatedAt, "never"))
	v.row("key, masked", optional(i.MaskedKey))
	v.group("Identity", bold)
}

func (v *view) access(i *client.Integration) {
	workspaces := none
	if i.WorkspaceCount != nil {
		workspaces = group(strconv.FormatInt(*i.WorkspaceCount, 10))
	}
	v.row("workspaces", workspaces)
	v.row("later models", toggle(i.AllowAllModels))
	for _, access := range []struct {
		field string
		*client.GlobalWorkspaceAccess
	}{
		{"global_workspace_access_settings", i.GlobalWorkspaceAccessSettings},
		{"global_workspace_access", i.GlobalWorkspaceAccess},
	} {
		if access.GlobalWorkspaceAccess == nil {
			continue
		}
		v.row("all workspaces", toggle(access.Enabled)+" ("+access.field+")")
		v.row("  usage limit", join(access.UsageLimits, usageLimit))
		v.row("  rate limit", join(access.RateLimits, rateLimit))
	}
	if i.GlobalWorkspaceAccessSettings == nil && i.GlobalWorkspaceAccess == nil {
		v.row("all workspaces", none)
	}
	v.group("Access and limits", bold)
}

func (v *view) configuration(i *client.Integration, node *outline) {
	title := "Configuration"
	if configuration := i.Configuration(); configuration != nil {
		title += fmt.Sprintf(" (%T)", configuration)
	}
	v.flatten("", node)
	v.group(title, bold)
}

// flatten adds a row for each scalar in a value, and a table for each array of objects.
func (v *view) flatten(path string, node *outline) {
	switch {
	case node == nil || path == "" && node.isNull(): // Nothing to show.
	case node.kind == '{' && (len(node.items) > 0 || path == ""):
		for i, item := range node.items {
			v.flatten(below(path, node.names[i]), item)
		}
		v.more += node.more
	case node.kind == '[' && len(node.items) > 0 && all(node.items, (*outline).isFlatObject):
		lines := table(node.items)
		if lines == nil {
			v.row(path, node.inline())
		}
		for n, line := range lines {
			if n > 0 {
				path = ""
			}
			v.row(path, line)
		}
		v.more += node.more
	default:
		v.row(path, node.inline())
	}
}

// below returns the label of a property. It is truncated at each level, so that properties below a long name do not
// each copy it.
func below(path, name string) string {
	return text.Line(strings.TrimPrefix(path+"."+name, "."), maxLabel)
}

// table aligns objects under the names of their properties. It returns nil if there are more than maxColumns names.
func table(objects []*outline) []string {
	var names []string
	for _, object := range objects {
		for _, name := range object.names {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			if len(names) > maxColumns {
				return nil
			}
		}
	}
	lines := make([]string, len(objects)+1)
	for _, name := range names {
		column := []string{name}
		for _, object := range objects {
			column = append(column, text.Line(object.member(name).inline(), maxLabel))
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

func (v *view) pricing(i *client.Integration, multiplier *outline) {
	if i.PricingAdjustments != nil {
		inherited := "list price"
		if m := i.PricingAdjustments.Multiplier; m != nil && m.Default != nil {
			inherited = "as default"
		}
		v.factors("", multiplier, inherited)
		// The default, which the others inherit, comes first, wherever it is in the response.
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

func (v *view) factors(path string, node *outline, inherited string) {
	switch {
	case node == nil:
	case node.kind == '{':
		for i, item := range node.items {
			v.factors(below(path, node.names[i]), item, inherited)
		}
		v.more += node.more
	case node.isNull() && path == "":
	case node.isNull():
		v.row(path, inherited)
	case node.kind == '[':
		v.row(path, node.inline())
	default:
		v.row(path, factor(node.text))
	}
}

// factor shows 0.8 as 80% (x 0.8).
func factor(spelled string) string {
	f, err := strconv.ParseFloat(spelled, 64)
	switch {
	case err != nil:
		return spelled
	case f == 0:
		return "free (x 0)"
	}
	// Rounded, since 0.07 * 100 is 7.000000000000001.
	percent, _ := strconv.ParseFloat(strconv.FormatFloat(f*100, 'g', 12, 64), 64)
	return fmt.Sprintf("%s%% (x %s)", number(percent), spelled)
}

func (v *view) secrets(i *client.Integration) {
	for _, m := range i.SecretMappings {
		from := "from " + m.SecretReferenceID
		if m.SecretKey != "" {
			from += ", property " + m.SecretKey
		}
		if m.ValueFormat != "" {
			from += ", as " + string(m.ValueFormat)
		}
		v.row(m.TargetField, from)
	}
	v.group("Secret mappings", bold)
}

func (v *view) findings(title, color string, findings []client.Finding, more int) {
	for _, f := range findings {
		v.row(f.Pointer, f.Reason+" ("+f.Keyword+")")
	}
	v.more += more
	if len(v.rows) > 0 {
		v.group(title, color)
	}
}

// usageLimit returns, for example, "500 USD per month, alert at 400, next reset 2026-12-01 00:00:00 UTC".
func usageLimit(l client.UsageLimits) string {
	said := "unlimited"
	if l.CreditLimit != nil {
		said = number(*l.CreditLimit)
	}
	switch l.Type {
	case "":
	case client.UsageLimitTypeCost:
		said += " USD"
	default:
		said += " " + string(l.Type)
	}
	switch {
	case l.PeriodicResetDays != nil && *l.PeriodicResetDays == 1:
		said += " per day"
	case l.PeriodicResetDays != nil:
		said += fmt.Sprintf(" per %d days", *l.PeriodicResetDays)
	case l.PeriodicReset == "":
		said += " in all, no reset"
	case l.PeriodicReset == client.PeriodicResetMonthly:
		said += " per month"
	case l.PeriodicReset == client.PeriodicResetWeekly:
		said += " per week"
	default:
		said += ", reset " + string(l.PeriodicReset)
	}
	if l.AlertThreshold != nil {
		said += ", alert at " + number(*l.AlertThreshold)
	}
	if !l.NextUsageResetAt.IsZero() {
		said += ", next reset " + moment(l.NextUsageResetAt, none)
	}
	return said
}

// rateLimit returns, for example, "600 requests per minute".
func rateLimit(l client.RateLimits) string {
	said := "unlimited"
	if l.Value != nil {
		said = group(strconv.FormatInt(*l.Value, 10))
	}
	if l.Type != "" {
		said += " " + string(l.Type)
	}
	span := map[client.RateLimitUnit]string{
		client.RateLimitUnitRPS: "second", client.RateLimitUnitRPM: "minute", client.RateLimitUnitRPH: "hour",
		client.RateLimitUnitRPD: "day", client.RateLimitUnitRPW: "week",
	}[l.Unit]
	switch {
	case span != "":
		said += " per " + span
	case l.Unit != "":
		said += " (" + string(l.Unit) + ")"
	}
	return said
}

func join[T any](items []T, say func(T) string) string {
	const most = 20
	if len(items) == 0 {
		return none
	}
	var said []string
	for _, item := range items[:min(len(items), most)] {
		said = append(said, say(item))
	}
	if more := len(items) - most; more > 0 {
		said = append(said, fmt.Sprintf("%s and %d more", ellipsis, more))
	}
	return strings.Join(said, "; ")
}

func optional(value string) string { return cmp.Or(value, none) }

func toggle(b *bool) string {
	switch {
	case b == nil:
		return none
	case *b:
		return "enabled"
	}
	return "not enabled"
}

// moment formats a time. It returns absent if the time is zero.
func moment(t time.Time, absent string) string {
	if t.IsZero() {
		return absent
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func number(f float64) string { return group(strconv.FormatFloat(f, 'f', -1, 64)) }

// group inserts commas between groups of three digits.
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

func all[T any](items []T, f func(T) bool) bool {
	return !slices.ContainsFunc(items, func(item T) bool { return !f(item) })
}

func pad(cell string, width int) string {
	return cell + strings.Repeat(" ", width-utf8.RuneCountInString(cell))
}
