# One secrets engine and one auth method, each with an IAM role that trusts this mount alone.

terraform {
  required_providers {
    aws   = { source = "hashicorp/aws" }
    vault = { source = "hashicorp/vault" }
  }
}

variable "key" {
  type        = string
  description = "Tells this federation from the others in every name."
}

variable "account" {
  type        = string
  description = "Id of the AWS account."
}

variable "identity_provider" {
  type        = string
  description = "ARN of the issuer's identity provider."
}

locals {
  issuer = split("oidc-provider/", var.identity_provider)[1]
  users  = "/vault/tf-${var.key}/"
  path   = "arn:aws:iam::${var.account}:user${local.users}*"
  trust = {
    for kind, accessor in {
      secret = vault_aws_secret_backend.engine.accessor
      auth   = vault_auth_backend.method.accessor
    } :
    kind => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = var.identity_provider }
        Condition = { StringEquals = {
          "${local.issuer}:aud" = kind == "secret" ? "tf-secrets-${var.key}" : "tf-auth-${var.key}"
          "${local.issuer}:sub" = "plugin-identity:root:${kind}:${accessor}"
        } }
      }]
    })
  }
}

resource "vault_aws_secret_backend" "engine" {
  path                    = "tf-${var.key}"
  region                  = "us-east-1"
  role_arn                = "arn:aws:iam::${var.account}:role/tf-secrets-${var.key}" # exists later
  identity_token_audience = "tf-secrets-${var.key}"
}

resource "aws_iam_role" "engine" {
  name               = "tf-secrets-${var.key}"
  assume_role_policy = local.trust.secret
}

resource "aws_iam_role_policy" "engine" {
  name = "issue"
  role = aws_iam_role.engine.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = [
        "iam:CreateAccessKey", "iam:CreateUser", "iam:DeleteAccessKey", "iam:DeleteUser",
        "iam:DeleteUserPolicy", "iam:ListAccessKeys", "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser", "iam:ListUserPolicies", "iam:PutUserPolicy", "iam:TagUser",
      ]
      Resource = local.path
    }]
  })
}

resource "vault_aws_secret_backend_role" "app" {
  backend         = vault_aws_secret_backend.engine.path
  name            = "app"
  credential_type = "iam_user"
  user_path       = local.users
  policy_document = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iam:GetUser", Resource = local.path }]
  })
  depends_on = [aws_iam_role_policy.engine]
}

resource "vault_policy" "app" {
  name   = "tf-${var.key}-app"
  policy = <<-EOT
    path "tf-${var.key}/creds/${vault_aws_secret_backend_role.app.name}" {
      capabilities = ["read"]
    }
  EOT
}

resource "vault_auth_backend" "method" {
  type = "aws"
  path = "tf-${var.key}"
}

resource "aws_iam_role" "method" {
  name               = "tf-auth-${var.key}"
  assume_role_policy = local.trust.auth
}

resource "aws_iam_role_policy" "method" {
  name = "look-up"
  role = aws_iam_role.method.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "iam:GetRole"
      Resource = "arn:aws:iam::${var.account}:role/app"
    }]
  })
}

resource "vault_aws_auth_backend_client" "method" {
  backend                    = vault_auth_backend.method.path
  role_arn                   = aws_iam_role.method.arn
  identity_token_audience    = "tf-auth-${var.key}"
  iam_server_id_header_value = "vault.lab.test"
  depends_on                 = [aws_iam_role_policy.method]
}

resource "vault_aws_auth_backend_role" "app" {
  backend                  = vault_aws_auth_backend_client.method.backend
  role                     = "app"
  auth_type                = "iam"
  bound_iam_principal_arns = ["arn:aws:iam::${var.account}:role/app"] # bound by its unique id
  token_policies           = [vault_policy.app.name]
  token_ttl                = 900
  token_max_ttl            = 3600
}
