locals {
  ssh = "gcloud compute ssh ${google_compute_instance.cloud.name} --project ${var.project} --zone ${var.zone} --tunnel-through-iap"
  our = "sudo --user=energyguard ENERGYGUARD_CONFIG=/etc/energyguard/cloud.toml /opt/energyguard/bin/energyguard"
}

output "cloud" {
  description = "The link: what an edge is told."
  value       = "tls+tcp://${google_compute_address.cloud.address}:5556"
}

output "tunnel" {
  description = "The page at http://127.0.0.1:8400, the regions at http://127.0.0.1:5006, while it runs."
  value       = "${local.ssh} -- -N -L 8400:127.0.0.1:8400 -L 5006:127.0.0.1:5006"
}

output "login" {
  description = "A link to log in with, once, through the tunnel."
  value       = "${local.ssh} --command '${local.our} token link'"
}

output "enroll" {
  description = "Lets an edge in, here home-1, and writes what it needs to home-1.pem: bring it there by a safe way."
  value       = "${local.ssh} --command '${local.our} edge enroll home-1' > home-1.pem"
}

output "look" {
  description = "How the start script, and then the service, are getting on."
  value       = "${local.ssh} --command 'sudo journalctl -u google-startup-scripts -u energyguard-cloud -f'"
}
