// Package backoff gives KrakenD's named back-off strategies as [backoff.BackOff]
// policies of github.com/cenkalti/backoff/v4.
//
// The names and formulas are those of KrakenD's documentation of
// backoff_strategy, where r is the number of the retry, from 1:
//
//	strategy            delay              r=1    r=2    r=3    r=4    r=5 and on
//	linear              r seconds          1s     2s     3s     4s     5s … 30s
//	linear-jitter       r seconds ±33 %    1s     2s     3s     4s     5s … 30s
//	exponential         2^r seconds        2s     4s     8s     16s    30s
//	exponential-jitter  2^r seconds ±33 %  2s     4s     8s     16s    30s
//	fallback            1 second           1s     1s     1s     1s     1s
//
// No delay is longer than [Max]. The first attempt is not a retry: callers make
// it at once and ask for a delay when it has failed.
package backoff
