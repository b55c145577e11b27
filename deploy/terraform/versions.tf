terraform {
  required_version = ">= 1.5"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0, < 8.0"
    }
  }
}

# Who you are comes from `gcloud auth application-default login`: no key lies in a file.
provider "google" {
  project = var.project
  region  = var.region
  zone    = var.zone
}
