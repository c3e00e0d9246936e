# The federations of the benchmark, as one would write them for Terraform: what all share is here,
# what each has of its own is in ./federation. Where Vault and AWS are, the environment says.

terraform {
  required_providers {
    aws   = { source = "hashicorp/aws" }
    vault = { source = "hashicorp/vault" }
  }
}

variable "federations" {
  type        = number
  description = "How many secrets engines, and as many auth methods, are federated."
}

variable "account" {
  type        = string
  description = "Id of the AWS account; its role `app` logs in."
}

provider "aws" {
  region              = "us-east-1"
  allowed_account_ids = [var.account]
}

provider "vault" {}

locals {
  keys = [for number in range(var.federations) : format("%03d", number)]
}

resource "vault_identity_oidc" "issuer" {
  issuer = "https://vault.lab.test"
}

resource "aws_iam_openid_connect_provider" "issuer" {
  url            = "${vault_identity_oidc.issuer.issuer}/v1/identity/oidc/plugins"
  client_id_list = flatten([for key in local.keys : ["tf-secrets-${key}", "tf-auth-${key}"]])
}

module "federation" {
  source            = "./federation"
  count             = var.federations
  key               = local.keys[count.index]
  account           = var.account
  identity_provider = aws_iam_openid_connect_provider.issuer.arn
}
