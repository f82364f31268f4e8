package main

import (
	"os"
	"runtime/pprof"
)

// profile is where to write what pprof reads. The zero value writes nothing.
type profile struct{ cpu, allocations string }

// start begins the CPU profile of what is measured. Of several trials the last one's
// is kept.
func (p profile) start() (stop func(), err error) {
	if p.cpu == "" {
		return func() {}, nil
	}
	file, err := os.Create(p.cpu)
	if err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
	}, pprof.StartCPUProfile(file)
}

// write writes the allocations since the program began.
func (p profile) write() error {
	if p.allocations == "" {
		return nil
	}
	file, err := os.Create(p.allocations)
	if err != nil {
		return err
	}
	defer file.Close()
	return pprof.Lookup("allocs").WriteTo(file, 0)
}
