variable "project" {
  description = "The id of your project at Google Cloud."
  type        = string
}

variable "region" {
  description = "Where the machine stands."
  type        = string
  default     = "europe-west3"
}

variable "zone" {
  description = "Where in the region it stands."
  type        = string
  default     = "europe-west3-c"
}

variable "name" {
  description = "What the machine, and all that belongs to it, is called."
  type        = string
  default     = "energyguard"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,18}[a-z0-9]$", var.name))
    error_message = "Between 6 and 20 small letters, digits and hyphens, a letter first: energyguard-2."
  }
}

variable "machine_type" {
  description = "How large the machine is; 2 cores and 8 GB take the readings of some thousand homes."
  type        = string
  default     = "e2-standard-2"
}

variable "disk_gb" {
  description = "How large the disk for readings, alerts and their history is, in GB."
  type        = number
  default     = 50
}

variable "disk_key" {
  description = "A key of yours (Cloud KMS) that encrypts both disks; empty: a key of Google's does."
  type        = string
  default     = ""
}

variable "package" {
  description = "What pip installs: a wheel's `https://…/energyguard-0.1.0-py3-none-any.whl`, or `git+https://…@v0.1.0` with a tag or a commit."
  type        = string

  validation {
    condition     = can(regex("^(https://\\S+\\.whl(#sha256=[0-9a-f]{64})?|git\\+(https|ssh)://\\S+@\\S+)$", var.package))
    error_message = "A wheel's https address, with #sha256=… where you know it, or git+https://…@ and a tag or a commit."
  }
}

variable "edge_addresses" {
  description = "Networks from which edges may connect to the link. It asks for a certificate before it answers anything, so the world may try."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = alltrue([for network in var.edge_addresses : can(cidrhost(network, 0))])
    error_message = "Networks, such as 203.0.113.0/24."
  }
}

variable "ssh_addresses" {
  description = "Networks from which SSH may come. The default is Google's IAP alone: the tunnel of people whom the project lets in."
  type        = list(string)
  default     = ["35.235.240.0/20"]

  validation {
    condition     = alltrue([for network in var.ssh_addresses : try(cidrhost(network, 0) != "" && tonumber(split("/", network)[1]) >= 16, false)])
    error_message = "Networks of at least /16, such as 203.0.113.7/32: SSH is not for the world."
  }
}

variable "api_addresses" {
  description = "Networks that may read the regions at port 5006, without a log-in and without TLS. Empty: by the tunnel alone."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for network in var.api_addresses : try(cidrhost(network, 0) != "" && tonumber(split("/", network)[1]) >= 16, false)])
    error_message = "Networks of at least /16, such as 203.0.113.7/32: the port asks for no log-in."
  }
}
