// Package contracttest has tools for tests against the contract of GET /integrations/{slug} of the Portkey Admin API.
//
// To test a program that reads integrations, start a [Server]. It serves the contract's named examples, requires a key,
// and fails the test if a request violates the contract.
//
//	func TestReadsIntegration(t *testing.T) {
//		server := contracttest.NewServer(t)
//		in, err := server.NewClient(t).RetrieveIntegration(t.Context(), "openai-production")
//		if err != nil {
//			t.Fatal(err)
//		}
//		if got, want := in.Provider(), client.ProviderOpenAI; got != want {
//			t.Errorf("got provider %s, want %s", got, want)
//		}
//	}
//
// [WithFixture] adds a response, such as a modified [Example]; [WithFault] makes the server misbehave;
// [Server.Requests] returns the requests it received. [NewHandler] is the same server as an [http.Handler], for use
// outside of tests. A [Recorder] records the responses of a real control plane and replays them.
//
// To test a control plane, or a gateway or mock in front of one, run the conformance checks with [Run], or with
// [Verify] outside of tests. To check the responses that another client receives, pass them to [CheckResponse], use a
// [Transport] in that client, put a [Proxy] in front of the server, or record them and use [CheckHAR]. To check a saved
// body, use [github.com/portkey-integration/portkey-integration-go/contract.Check].
//
// No message of this package contains a key or a value of a response: a finding names the location and the rule that
// was violated.
package contracttest
