// Package sqs sends events to queues of Amazon SQS and of servers that speak its
// protocol, and receives from them those of other object stores: as S3 puts them
// there itself, through SNS, or through EventBridge.
//
// A standard queue keeps no order; its consumers compare sequencers. A FIFO
// queue, whose name ends in .fifo, keeps the order of each key: the key's hash
// is the message group, and the event's id is the deduplication id, so what is
// sent again within five minutes is dropped by the queue.
package sqs

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"lethe"
)

// Config says where the queue is.
type Config struct {
	URL      string // of the queue, as https://sqs.eu-central-1.amazonaws.com/123456789012/lake
	Region   string // default: as the environment says
	Endpoint string // of a server that is not AWS; "" for AWS
	// AccessKey and SecretKey sign requests. Without them the credentials are
	// found as AWS's SDKs do: environment, files, the instance's role.
	AccessKey, SecretKey string
}

func (c Config) client(ctx context.Context) (*sqs.Client, error) {
	if !strings.HasPrefix(c.URL, "http://") && !strings.HasPrefix(c.URL, "https://") {
		return nil, lethe.Errorf(lethe.Invalid, "the queue %q is not the URL of one", c.URL)
	}
	var opts []func(*config.LoadOptions) error
	if c.Region != "" {
		opts = append(opts, config.WithRegion(c.Region))
	}
	if c.AccessKey != "" {
		opts = append(opts, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, "")))
	}
	a, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "the configuration of the queue %s: %w", c.URL, err)
	}
	return sqs.NewFromConfig(a, func(o *sqs.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
	}), nil
}

func (c Config) fifo() bool { return strings.HasSuffix(c.URL, ".fifo") }

const maxBatch = 10 // messages of one request (Amazon SQS Developer Guide, "Quotas")
