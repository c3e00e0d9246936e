module github.com/hashicorp/terraform-plugin-testing

go 1.26.0
