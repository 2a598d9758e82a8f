// Another team's consumer in Go: franz-go for Kafka, twmb/avro for Avro, the schema asked of the
// registry by the id in Confluent's frame. Knows nothing of this project. Prints each event of the
// topics, from the first one on, as a line of JSON; ends when it is killed.
//
//	go run . HOST:PORT REGISTRY_URL TOPIC,TOPIC GROUP
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"
)

// README: begin

// Registry finds schemas by their id, each once.
type Registry struct {
	URL   string
	known map[uint32]*avro.Schema
}

func (r *Registry) schema(id uint32) (*avro.Schema, error) {
	if schema, ok := r.known[id]; ok {
		return schema, nil
	}
	answer, err := http.Get(fmt.Sprintf("%s/schemas/ids/%d", r.URL, id))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var body struct{ Schema string }
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return nil, err
	}
	schema, err := avro.Parse(body.Schema)
	if err == nil {
		r.known[id] = schema
	}
	return schema, err
}

// Decode reads Confluent's frame: a zero byte, four bytes of schema id, Avro.
func (r *Registry) Decode(value []byte) (map[string]any, error) {
	if len(value) < 5 || value[0] != 0 {
		return nil, fmt.Errorf("no Confluent frame")
	}
	schema, err := r.schema(binary.BigEndian.Uint32(value[1:5]))
	if err != nil {
		return nil, err
	}
	event := map[string]any{}
	_, err = schema.Decode(value[5:], &event)
	return event, err
}

// README: end

// Follow hands over every event of the topics, from the first one on.
func Follow(brokers, topics []string, group string, registry *Registry,
	handle func(*kgo.Record, map[string]any)) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topics...), kgo.ConsumerGroup(group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(context.Background())
		if err := fetches.Err(); err != nil {
			return err
		}
		for _, record := range fetches.Records() {
			event, err := registry.Decode(record.Value)
			if err != nil {
				return err
			}
			handle(record, event)
		}
	}
}

func printLine(record *kgo.Record, event map[string]any) {
	headers := map[string]string{}
	for _, header := range record.Headers {
		headers[header.Key] = string(header.Value)
	}
	for name, value := range event {
		if at, ok := value.(time.Time); ok {
			event[name] = at.UnixMilli()
		}
	}
	line, err := json.Marshal(map[string]any{
		"topic": record.Topic, "partition": record.Partition,
		"offset": strconv.FormatInt(record.Offset, 10), "key": string(record.Key),
		"headers": headers, "schema_id": binary.BigEndian.Uint32(record.Value[1:5]), "event": event,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: stockreader HOST:PORT REGISTRY_URL TOPIC,TOPIC GROUP")
	}
	registry := &Registry{URL: os.Args[2], known: map[uint32]*avro.Schema{}}
	brokers, topics := strings.Split(os.Args[1], ","), strings.Split(os.Args[3], ",")
	log.Fatal(Follow(brokers, topics, os.Args[4], registry, printLine))
}
