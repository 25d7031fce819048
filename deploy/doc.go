// Package deploy holds what runs cardstream in containers and watches it: what Prometheus scrapes and warns of,
// Grafana's dashboard, and the health check of cardstream's image. Its Go code is tests, which hold these files, the
// Dockerfile and docker-compose.yml against each other and against the names that the contract fixes.
package deploy
