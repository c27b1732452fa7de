// Package contracttest is a kit for tests against the contract of GET /integrations/{slug} of the Portkey Admin API.
//
// To test a program that reads integrations, start a [Server]: it serves the contract's named examples, demands a key,
// and fails the test when a request violates the contract.
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
// [WithFixture] adds responses of one's own, such as a changed [Example]; [WithFault] makes the server misbehave;
// [Server.Requests] tells what it was asked. [NewHandler] is the same server as an [http.Handler], for use outside of
// tests. A [Recorder] plays back what a real control plane sent once.
//
// To test a control plane, or a gateway or mock in front of one, run the conformance checks against it with [Run], or
// with [Verify] outside of tests. To check the responses that another client receives, hand them to [CheckResponse], put
// a [Transport] under that client, or record them and use [CheckHAR]. Saved bodies are checked by
// [github.com/portkey-integration/portkey-integration-go/contract.Check].
//
// Nothing here prints a key or a value of a response: findings name the place and the rule that was broken.
package contracttest
