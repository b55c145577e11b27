# A cloud machine for EnergyGuard at Google: the end of the edges' lines, and the page.
# docs/deploy-edge.md is the guide.

resource "google_project_service" "used" {
  for_each = toset(["compute.googleapis.com", "iap.googleapis.com"])

  service            = each.key
  disable_on_destroy = false
}

# The machine's own, with no role: a process that breaks out of it may do nothing at Google.
resource "google_service_account" "cloud" {
  account_id   = var.name
  display_name = "EnergyGuard's machine, without roles"
}

# What is kept lies on a disk of its own, which outlives the machine.
resource "google_compute_disk" "data" {
  name = "${var.name}-data"
  type = "pd-balanced"
  size = var.disk_gb

  dynamic "disk_encryption_key" {
    for_each = var.disk_key == "" ? [] : [var.disk_key]

    content {
      kms_key_self_link = disk_encryption_key.value
    }
  }

  depends_on = [google_project_service.used]

  lifecycle {
    prevent_destroy = true
  }
}

# Six copies a day: an edge keeps what the cloud has acknowledged for a day, and sends it again.
resource "google_compute_resource_policy" "copies" {
  name = "${var.name}-copies"

  snapshot_schedule_policy {
    schedule {
      hourly_schedule {
        hours_in_cycle = 4
        start_time     = "00:00"
      }
    }

    retention_policy {
      max_retention_days    = 7
      on_source_disk_delete = "KEEP_AUTO_SNAPSHOTS"
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_compute_disk_resource_policy_attachment" "copies" {
  name = google_compute_resource_policy.copies.name
  disk = google_compute_disk.data.name
  zone = var.zone
}

resource "google_compute_instance" "cloud" {
  name                      = var.name
  machine_type              = var.machine_type
  allow_stopping_for_update = true

  boot_disk {
    kms_key_self_link = var.disk_key == "" ? null : var.disk_key

    initialize_params {
      image = "debian-cloud/debian-12"
      size  = 20
    }
  }

  attached_disk {
    source            = google_compute_disk.data.id
    device_name       = "energyguard"
    kms_key_self_link = var.disk_key == "" ? null : var.disk_key
  }

  network_interface {
    subnetwork = google_compute_subnetwork.cloud.id

    access_config {
      nat_ip = google_compute_address.cloud.address
    }
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  service_account {
    email  = google_service_account.cloud.email
    scopes = ["https://www.googleapis.com/auth/userinfo.email"]
  }

  metadata = {
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
    serial-port-enable     = "FALSE"

    # What start.sh reads, at every start of the machine.
    startup-script           = file("${path.module}/start.sh")
    energyguard-package      = var.package
    energyguard-requirements = base64gzip(file("${path.module}/../../requirements.lock"))
    energyguard-settings     = replace(file("${path.module}/../systemd/cloud.toml"), "127.0.0.1:5006", local.regions)
    energyguard-unit         = file("${path.module}/../systemd/energyguard-cloud.service")
    energyguard-user         = file("${path.module}/../systemd/energyguard.conf")
  }
}
