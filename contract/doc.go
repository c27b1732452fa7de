// Package contract checks responses of GET /integrations/{slug} against the OpenAPI document of this module's root
// package. It knows nothing of HTTP: package client and package contracttest hand it a status code and a body.
//
//	report, err := contract.Check(http.StatusOK, body)
//
// A [Report] distinguishes two kinds of findings:
//
//   - A violation breaks the schema: a core property is missing, a property has another type or format than documented,
//     or a secret is not masked. No true response of the API is known to do that.
//   - Drift is a difference that must not break a reader: a property that the document does not name, a value outside an
//     x-extensible-enum, or something that the vendor documents (x-documented) and the response does not keep to.
//
// The verdict is that of kin-openapi on the document's schema. The cost of a check grows in proportion to the body, and
// the findings of a report are bounded by [MaxFindings].
package contract
