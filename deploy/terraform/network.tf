# A network of its own, in which nothing is let in but what stands here: Google's networks refuse
# whatever comes in and is not named.

resource "google_compute_network" "cloud" {
  name                    = var.name
  auto_create_subnetworks = false

  depends_on = [google_project_service.used]
}

resource "google_compute_subnetwork" "cloud" {
  name          = var.name
  network       = google_compute_network.cloud.id
  ip_cidr_range = "10.73.0.0/28"
}

resource "google_compute_address" "cloud" {
  name = var.name

  depends_on = [google_project_service.used]
}

# TLS with certificates of both ends: who has none that we made gets no answer.
resource "google_compute_firewall" "link" {
  name                    = "${var.name}-link"
  network                 = google_compute_network.cloud.id
  direction               = "INGRESS"
  source_ranges           = var.edge_addresses
  target_service_accounts = [google_service_account.cloud.email]

  allow {
    protocol = "tcp"
    ports    = ["5556"]
  }
}

resource "google_compute_firewall" "ssh" {
  count = length(var.ssh_addresses) > 0 ? 1 : 0

  name                    = "${var.name}-ssh"
  network                 = google_compute_network.cloud.id
  direction               = "INGRESS"
  source_ranges           = var.ssh_addresses
  target_service_accounts = [google_service_account.cloud.email]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

locals {
  regions = length(var.api_addresses) > 0 ? "0.0.0.0:5006" : "127.0.0.1:5006" # the tunnel ends on the machine
}

resource "google_compute_firewall" "api" {
  count = length(var.api_addresses) > 0 ? 1 : 0

  name                    = "${var.name}-api"
  network                 = google_compute_network.cloud.id
  direction               = "INGRESS"
  source_ranges           = var.api_addresses
  target_service_accounts = [google_service_account.cloud.email]

  allow {
    protocol = "tcp"
    ports    = ["5006"]
  }
}
