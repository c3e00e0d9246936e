// Package ec2 stands for the client of AWS EC2, by which Vault looks at a machine that logs in.
package ec2

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go/aws/client"
	"github.com/aws/aws-sdk-go/aws/request"

	"vault-aws-federation/tools/absent"
)

// EC2 refuses every call.
type EC2 struct{}

// New returns a client that refuses every call.
func New(client.ConfigProvider) *EC2 { return &EC2{} }

// DescribeInstancesWithContext refuses.
func (*EC2) DescribeInstancesWithContext(
	context.Context, *DescribeInstancesInput, ...request.Option,
) (*DescribeInstancesOutput, error) {
	return nil, absent.Error("AWS EC2 (logins of auth_type ec2)")
}

// The rest is what Vault's code names of an answer, which never comes.

type (
	DescribeInstancesInput  struct{ InstanceIds []*string }
	DescribeInstancesOutput struct{ Reservations []*Reservation }
	Reservation             struct{ Instances []*Instance }
	InstanceState           struct{ Name *string }
	IamInstanceProfile      struct{ Arn *string }
	Tag                     struct{ Key, Value *string }
	Instance                struct {
		InstanceId, ImageId, SubnetId, VpcId, PrivateDnsName *string
		IamInstanceProfile                                   *IamInstanceProfile
		LaunchTime                                           *time.Time
		State                                                *InstanceState
		Tags                                                 []*Tag
	}
)
