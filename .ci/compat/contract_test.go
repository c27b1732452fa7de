package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestContractChanges(t *testing.T) {
	const breaks, fine = true, false
	for _, test := range []struct {
		name     string
		old, new string // Text in testdata/openapi.yaml and its replacement.
		breaking bool
		want     string // Part of the line that reports the change.
	}{
		{"an additional required property", "required: [id, name]", "required: [id, name, status]", breaks, "`status`"},
		{"a property no longer required", "required: [id, name]", "required: [id]", breaks, "`name`"},
		{"a string limited", "name: {type: string}", "name: {type: string, maxLength: 5}", breaks, "`name`"},
		{"an older example refused", "name: {type: string}", "name: {type: string, maxLength: 5}", breaks, "`examples-refused`"},
		{"a type changed", "unit: {type: string}", "unit: {type: integer}", breaks, "limits/items/unit"},
		{"null no longer allowed", "description: {type: string, nullable: true}", "description: {type: string}", breaks, "`description`"},
		{"null allowed", "name: {type: string}", "name: {type: string, nullable: true}", breaks, "`name`"},
		{"a property removed", "        unit: {type: string}\n", "", breaks, "limits/items/unit"},
		{"a property added", "        unit: {type: string}\n", "        unit: {type: string}\n        reset: {type: string}\n", fine, "limits/items/reset"},
		{"an error removed", "        '404':", "        '410':", breaks, "`404`"},

		{"a secret no longer writeOnly", ", writeOnly: true", "", breaks, "aws_secret_access_key"},
		{"a masked form no longer readOnly", ", readOnly: true", "", breaks, "masked_aws_secret_access_key"},
		{"a secret removed", "        aws_secret_access_key: {type: string, writeOnly: true}\n", "", breaks, "aws_secret_access_key"},

		{"a value dropped", "[active, archived]", "[active]", breaks, "removed the value `archived` from `components/schemas/Status`"},
		{"a value dropped, inside a schema", "[organisation, workspace]", "[workspace]", breaks, "removed the value `organisation` from `components/schemas/Integration/properties/kind`"},
		{"all values dropped", "\n      x-extensible-enum: [active, archived]", "", breaks, "removed the value `active`"},
		{"a value added", "[active, archived]", "[active, archived, paused]", fine, "added the value `paused`"},
		{"values in another order", "[active, archived]", "[archived, active]", fine, ""},
		{"a list of values added", "unit: {type: string}", "unit: {type: string, x-extensible-enum: [rpm]}", breaks, "Limit/properties/unit"},

		{"an id dropped", "[bedrock, aws-bedrock]", "[bedrock]", breaks, "removed the value `aws-bedrock` from `components/schemas/BedrockConfiguration`"},
		{"an id added", "[cortex]", "[cortex, snowflake]", fine, "added the value `snowflake`"},

		{"a documented requirement added", "x-documented: {required: [aws_region]}", "x-documented: {required: [aws_region, aws_role]}", breaks, "documents `required: aws_role`, which it did not"},
		{"a documented requirement removed", "x-documented: {required: [aws_region]}", "x-documented: {required: []}", fine, "documents `required: aws_region` no more"},
		{"x-documented removed", "\n      x-documented: {required: [aws_region]}", "", fine, "documents `required: aws_region` no more"},
		{"x-documented added", "unit: {type: string}", "unit: {type: string, x-documented: {pattern: '^rp'}}", breaks, "documents `pattern: \"^rp\"`"},
		{"a documented bound narrowed", "maxItems: 2", "maxItems: 1", breaks, "documents `maxItems: 1`, was `maxItems: 2`"},
		{"a documented bound widened", "maxItems: 2", "maxItems: 3", fine, "documents `maxItems: 3`, was `maxItems: 2`"},
		{"a documented minimum raised", "minimum: 1", "minimum: 2", breaks, "`components/schemas/Limit/properties/value` documents `minimum: 2`"},
		{"a documented minimum lowered", "minimum: 1", "minimum: 0", fine, "documents `minimum: 0`"},
		{"a documented minimum made exclusive", "minimum: 1", "exclusiveMinimum: true", breaks, "documents `exclusiveMinimum"},
		{"another documented negation", "not: {required: [days, weeks]}", "not: {required: [days]}", breaks, "documents `not"},
		{"a documented bound of a property", "{maxItems: 2}", "{maxItems: 2, items: {properties: {value: {maximum: 9}}}}", breaks, "documents `items/properties/value/maximum: 9`"},

		{"a provider added", "            - $ref: '#/components/schemas/CortexConfiguration'\n",
			"            - $ref: '#/components/schemas/CortexConfiguration'\n            - {type: object, properties: {nebula_account: {type: string}}}\n", fine, "nebula_account"},
		{"providers in another order", "            - $ref: '#/components/schemas/BedrockConfiguration'\n            - $ref: '#/components/schemas/CortexConfiguration'\n",
			"            - $ref: '#/components/schemas/CortexConfiguration'\n            - $ref: '#/components/schemas/BedrockConfiguration'\n", fine, ""},
		{"another description", "description: There is none.", "description: Not found.", fine, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := os.ReadFile("testdata/openapi.yaml")
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), test.old); n != 1 {
				t.Fatalf("testdata/openapi.yaml has %q %d times, want once", test.old, n)
			}
			file := filepath.Join(t.TempDir(), "openapi.yaml")
			if err := os.WriteFile(file, []byte(strings.Replace(string(text), test.old, test.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			changes, err := compareContracts("testdata/openapi.yaml", file)
			if err != nil {
				t.Fatal(err)
			}
			found := test.want == ""
			breaking := false
			for _, c := range changes {
				t.Log(c.breaking, c.line)
				breaking = breaking || c.breaking
				found = found || c.breaking == test.breaking && strings.Contains(c.line, test.want)
			}
			if !found {
				t.Errorf("got %v, want one with %s", changes, test.want)
			}
			if breaking != test.breaking {
				t.Errorf("got breaking %t, want %t", breaking, test.breaking)
			}
			if test.want == "" && len(changes) > 0 {
				t.Errorf("got %v, want no change", changes)
			}
		})
	}
}
