package main

import (
	"context"
	"fmt"
	"log"

	"github.com/portkey-integration/portkey-integration-go/client"
)

func main() {
	c, err := client.New() // The key comes from PORTKEY_API_KEY, or from client.WithAPIKey.
	if err != nil {
		log.Fatal(err)
	}
	integration, err := c.RetrieveIntegration(context.Background(), "bedrock-assumed-role")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(integration.Name, integration.Provider())
	if cfg, ok := integration.Configuration().(client.BedrockConfiguration); ok {
		fmt.Println(cfg.AWSRegion, cfg.AWSAuthType)
	}
}
