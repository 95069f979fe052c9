package main

import (
	"context"
	"fmt"
	"os"

	"example.com/actions"
)

func main() {
	configuration := actions.NewConfiguration()
	configuration.Servers = actions.ServerConfigurations{{URL: os.Args[1]}}
	client := actions.NewAPIClient(configuration)
	invocation := *actions.NewInvocation("list_stores")
	answer, _, err := client.ActionsAPI.InvokeAction(context.Background()).Invocation(invocation).Execute()
	if err != nil {
		panic(err)
	}
	catalogue, _, err := client.ActionsAPI.ListActions(context.Background()).Execute()
	if err != nil {
		panic(err)
	}
	fmt.Println(*answer.Directives[0].Name, len(catalogue.Actions) > 5)
}
