// Package contract checks responses of GET /integrations/{slug} against the OpenAPI document of this module's root
// package. It does not use HTTP: its input is a status code and a body.
//
//	report, err := contract.Check(http.StatusOK, body)
//
// A [Report] has two kinds of findings:
//
//   - A violation breaks the schema: a required property is missing, a property does not have the documented type or
//     format, or a secret is not masked. No genuine response of the API is known to do that.
//   - Drift is a difference that must not break a reader: a property that the document does not describe, a value that
//     is not in an x-extensible-enum, or a response that does not meet an additional rule of the vendor's documentation
//     (x-documented).
//
// Whether a body conforms is decided by kin-openapi with the schema of the document. The cost of a check grows linearly
// with the size of the body, and a report lists at most [MaxFindings] findings of each kind.
//
// [Check] and [Report] are for programs. [Known], [Prepare], [ParseInteger], [ParseTime], [ReadablePointer] and
// [NewDecodeError] are what the other packages of this module share.
package contract
