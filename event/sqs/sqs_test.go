package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"lethe/event"
	"lethe/event/eventtest"
	"lethe/test/need"
)

// peer is moto's SQS, in a process of its own.
func peer(t *testing.T) (endpoint string) {
	t.Helper()
	program := need.Venv(t, "moto_server")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	log, err := os.Create(filepath.Join(t.TempDir(), "moto.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", port)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended; log.Close() })
	endpoint = "http://127.0.0.1:" + port
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get(endpoint + "/moto-api/"); err == nil {
			resp.Body.Close()
			return endpoint
		}
		select {
		case <-ended:
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("moto ended: %s", text)
		default:
		}
		if time.Now().After(end) {
			t.Fatal("moto does not answer")
		}
	}
}

// queue makes a queue and says how to reach it.
func queue(t *testing.T, endpoint, name string, attributes map[string]string) (Config, *sqs.Client) {
	t.Helper()
	c := Config{URL: "http://unused", Region: "eu-central-1", Endpoint: endpoint, AccessKey: "AKIAEXAMPLE", SecretKey: "secret"}
	client, err := c.client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	c.URL = *out.QueueUrl
	return c, client
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(90 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestQueues runs all tests that need a server against one.
func TestQueues(t *testing.T) {
	endpoint := peer(t)
	t.Run("there and back", func(t *testing.T) { thereAndBack(t, endpoint) })
	t.Run("envelopes", func(t *testing.T) { envelopes(t, endpoint) })
	t.Run("unhandled becomes dead", func(t *testing.T) { unhandledBecomesDead(t, endpoint) })
}

func thereAndBack(t *testing.T, endpoint string) {
	for _, name := range []string{"lake", "lake.fifo"} {
		t.Run(name, func(t *testing.T) {
			attributes := map[string]string{}
			if strings.HasSuffix(name, ".fifo") {
				attributes["FifoQueue"] = "true"
			}
			c, _ := queue(t, endpoint, name, attributes)
			target, err := NewTarget(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			got, last, failures := map[string]bool{}, map[string]string{}, 0
			stop := eventtest.Run(t, &Source{Config: c, Visibility: 2 * time.Second, poll: time.Second, Backoff: event.Backoff{Min: time.Millisecond, Max: 10 * time.Millisecond}},
				func(_ context.Context, events []event.Event) error {
					mu.Lock()
					defer mu.Unlock()
					if failures++; failures%5 == 0 {
						return errors.New("not now")
					}
					for _, e := range events {
						if c.fifo() && !got[e.Sequencer] && e.Sequencer < last[e.Key] {
							t.Errorf("%s: %s after %s", e.Key, e.Sequencer, last[e.Key])
						}
						got[e.Sequencer], last[e.Key] = true, e.Sequencer
					}
					return nil
				})
			defer stop()
			const all = 200
			for i := 0; i < all; i += 20 {
				var m []event.Message
				for k := range 20 {
					m = append(m, eventtest.Message(fmt.Sprint("key ", k, "/ü"), i+k+1))
				}
				for _, err := range target.Send(t.Context(), m) {
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			eventually(t, "all arrive", func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == all })
		})
	}
}

// envelopes: what S3 puts into a queue itself, through SNS and through EventBridge.
func envelopes(t *testing.T, endpoint string) {
	c, client := queue(t, endpoint, "envelopes", nil)
	raw := string(eventtest.Message("raw key", 1).Body)
	sns, _ := json.Marshal(map[string]string{"Type": "Notification", "Message": string(eventtest.Message("sns key", 2).Body)})
	for _, body := range []string{
		`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-01T00:00:00.000Z","Bucket":"b"}`,
		raw, string(sns),
		`{"version":"0","detail-type":"Object Created","source":"aws.s3","time":"2026-01-01T00:00:00Z","detail":{"bucket":{"name":"b"},"object":{"key":"bridge key","size":5},"reason":"PutObject"}}`,
		"no notification",
	} {
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &c.URL, MessageBody: aws.String(body)}); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	got := map[string]bool{}
	stop := eventtest.Run(t, &Source{Config: c, poll: time.Second, Visibility: time.Second}, func(_ context.Context, events []event.Event) error {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range events {
			got[e.Key] = true
		}
		return nil
	})
	defer stop()
	eventually(t, "all arrive", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return got["raw key"] && got["sns key"] && got["bridge key"]
	})
	eventually(t, "what is not readable stays, the rest is deleted", func() bool {
		a, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &c.URL, AttributeNames: []types.QueueAttributeName{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}})
		if err != nil {
			t.Fatal(err)
		}
		return a.Attributes["ApproximateNumberOfMessages"] == "1" && a.Attributes["ApproximateNumberOfMessagesNotVisible"] == "0" ||
			a.Attributes["ApproximateNumberOfMessages"] == "0" && a.Attributes["ApproximateNumberOfMessagesNotVisible"] == "1"
	})
}

// unhandledBecomesDead: the queue's own policy ends what is never handled,
// and the rest goes on.
func unhandledBecomesDead(t *testing.T, endpoint string) {
	dead, client := queue(t, endpoint, "dead", nil)
	c, _ := queue(t, endpoint, "live", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:dead","maxReceiveCount":"2"}`})
	target, err := NewTarget(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range target.Send(t.Context(), []event.Message{eventtest.Message("bad", 1), eventtest.Message("good", 2)}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	good := false
	stop := eventtest.Run(t, &Source{Config: c, poll: time.Second, Visibility: time.Second, Backoff: event.Backoff{Min: time.Millisecond, Max: time.Millisecond}},
		func(_ context.Context, events []event.Event) error {
			for _, e := range events {
				if e.Key == "bad" {
					return errors.New("never")
				}
			}
			mu.Lock()
			defer mu.Unlock()
			good = true
			return nil
		})
	defer stop()
	eventually(t, "the bad one is in the queue of dead letters", func() bool {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &dead.URL})
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Messages) == 1 && strings.Contains(*out.Messages[0].Body, `"bad"`)
	})
	eventually(t, "the good one is handled", func() bool { mu.Lock(); defer mu.Unlock(); return good })
}

func TestAway(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := Config{URL: "http://127.0.0.1:1/q", Region: "eu-central-1", Endpoint: "http://127.0.0.1:1", AccessKey: "a", SecretKey: "s"}
	target, err := NewTarget(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range target.Send(ctx, []event.Message{eventtest.Message("k", 1)}) {
		if err == nil || errors.Is(err, event.ErrRefused) {
			t.Error(err)
		}
	}
	if _, err := NewTarget(ctx, Config{URL: "lake"}); err == nil {
		t.Error("a name is no URL")
	}
}
