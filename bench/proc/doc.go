// Package proc reads what a process has cost, from outside: processor time, memory, disk; and what machine it is on.
// It reads Linux's /proc.
package proc
