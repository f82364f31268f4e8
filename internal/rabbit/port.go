package rabbit

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range the system draws from for outgoing connections and for
// listeners on port 0 (from 32768 on Linux, 49152 elsewhere), so that nobody is given the port
// of a node while that node is down.
const (
	lowestPort  = 15000
	highestPort = 32000
	portTries   = 100
)

// port is a loopback TCP port that no other user of this package takes until it is released,
// also when nothing listens on it. The UDP socket of the same number is the reservation: the
// system drops it with the process.
type port struct {
	number      int
	reservation net.PacketConn
}

func reservePort() (*port, error) {
	var errs []error
	for range portTries {
		p, err := tryPort(lowestPort + rand.IntN(highestPort-lowestPort))
		if err == nil {
			return p, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no free port in %d tries: %w", portTries, errors.Join(errs...))
}

func tryPort(number int) (*port, error) {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(number))
	reservation, err := net.ListenPacket("udp4", address)
	if err != nil {
		return nil, err
	}
	// On all interfaces: a listener on any of them may be in the broker's way.
	probe, err := net.Listen("tcp4", ":"+strconv.Itoa(number))
	if err != nil {
		reservation.Close()
		return nil, err
	}
	probe.Close()
	return &port{number: number, reservation: reservation}, nil
}

func (p *port) String() string { return strconv.Itoa(p.number) }

func (p *port) release() { p.reservation.Close() }
