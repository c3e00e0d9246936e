module github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources

go 1.26.0
