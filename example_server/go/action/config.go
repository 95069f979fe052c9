package action

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config says where to listen and who may call.
type Config struct {
	Host string // 127.0.0.1 by default
	Port int    // 0 takes a free one

	TLSCert  string // PEM file: the certificate and its chain; serves https
	TLSKey   string // PEM file: its private key
	ClientCA string // PEM file: callers need a certificate of this authority

	Token   string        // callers need this bearer token
	MaxBody int64         // bytes of a request's body
	Grace   time.Duration // how long running actions may take when the server stops
}

// ConfigFromEnvironment reads variables such as ACTION_SERVER_TLS_CERT, one for each option of [Config.AddFlags].
func ConfigFromEnvironment() (Config, error) {
	config := Config{Host: "127.0.0.1", Port: 8080, MaxBody: 16 << 20, Grace: 5 * time.Second}
	for _, option := range config.options() {
		variable := "ACTION_SERVER_" + strings.ToUpper(strings.ReplaceAll(option.name, "-", "_"))
		if value := os.Getenv(variable); value != "" {
			if err := option.set(value); err != nil {
				return config, fmt.Errorf("%s: %w", variable, err)
			}
		}
	}
	return config, nil
}

// AddFlags lets options of the command line take precedence over what the config holds so far.
func (c *Config) AddFlags(flags *flag.FlagSet) {
	for _, option := range c.options() {
		flags.Func(option.name, option.usage, option.set)
	}
}

type option struct {
	name, usage string
	set         func(string) error
}

func (c *Config) options() []option {
	return []option{
		{"host", "`address` to listen on (127.0.0.1)", text(&c.Host)},
		{"port", "port `number`; 0 takes a free one (8080)", number(65535, func(n int64) { c.Port = int(n) })},
		{"tls-cert", "PEM `file`: serve https with this certificate chain", text(&c.TLSCert)},
		{"tls-key", "PEM `file`: private key of the certificate", text(&c.TLSKey)},
		{"client-ca", "PEM `file`: ask for a client certificate of this authority", text(&c.ClientCA)},
		{"token", "ask for this bearer `token`", text(&c.Token)},
		{"max-body", "largest body in `bytes` (16 MiB)", number(1<<40, func(n int64) { c.MaxBody = n })},
		{"grace", "`seconds` that running actions have when the server stops (5)", number(86400, func(n int64) {
			c.Grace = time.Duration(n) * time.Second
		})},
	}
}

func text(to *string) func(string) error {
	return func(value string) error {
		*to = value
		return nil
	}
}

func number(most int64, set func(int64)) func(string) error {
	return func(value string) error {
		found, err := strconv.ParseInt(value, 10, 64)
		if err != nil || found < 0 || found > most {
			return fmt.Errorf("%q is not a number from 0 to %d", value, most)
		}
		set(found)
		return nil
	}
}

// tls loads the files; nil serves plain http.
func (c *Config) tls() (*tls.Config, error) {
	if c.TLSCert == "" && c.TLSKey == "" && c.ClientCA == "" {
		return nil, nil
	}
	if c.TLSCert == "" || c.TLSKey == "" {
		return nil, errors.New("--tls-cert and --tls-key go together, and --client-ca needs them")
	}
	own, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", c.TLSCert, c.TLSKey, err)
	}
	settings := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{own},
	}
	if c.ClientCA != "" {
		pem, err := os.ReadFile(c.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("client CA: %w", err)
		}
		settings.ClientCAs = x509.NewCertPool()
		if !settings.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("client CA: no certificate in %s", c.ClientCA)
		}
		settings.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return settings, nil
}
