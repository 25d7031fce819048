package leaktest

// Find is find.
var Find = find
