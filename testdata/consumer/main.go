// Command consumer is an example of a program that imports this project: a separate module that uses only package
// client. The script cost records the size of such a program.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/portkey-integration/portkey-integration-go/client"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, slugs []string) error {
	c, err := client.New()
	if err != nil {
		return err
	}
	for _, slug := range slugs {
		integration, err := c.RetrieveIntegration(ctx, slug)
		if errors.Is(err, client.ErrNotFound) {
			fmt.Println(slug, "does not exist")
			continue
		}
		if err != nil {
			return err
		}
		switch cfg := integration.Configuration().(type) {
		case client.AzureOpenAIConfiguration:
			fmt.Println(slug, cfg.AzureResourceName, len(cfg.AzureDeploymentConfig))
		case client.BedrockConfiguration:
			fmt.Println(slug, cfg.AWSRegion)
		default:
			fmt.Println(slug, integration.Provider())
		}
	}
	return nil
}
