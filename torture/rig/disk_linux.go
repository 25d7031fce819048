package rig

import "syscall"

// diskBytes holds a store of a run many times over.
const diskBytes = "size=96m"

// mountDisk makes a folder a small disk: a tmpfs. Only root may.
func mountDisk(folder string) error { return syscall.Mount("tmpfs", folder, "tmpfs", 0, diskBytes) }

func unmountDisk(folder string) error { return syscall.Unmount(folder, syscall.MNT_DETACH) }
