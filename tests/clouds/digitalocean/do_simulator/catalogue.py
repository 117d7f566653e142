"""What DigitalOcean offers: regions, sizes and images, a selection of those of 2025 with their real slugs."""

REGION_NAMES = {"nyc1": "New York 1", "nyc2": "New York 2", "nyc3": "New York 3", "ams3": "Amsterdam 3", "sfo2": "San Francisco 2",
                "sfo3": "San Francisco 3", "sgp1": "Singapore 1", "lon1": "London 1", "fra1": "Frankfurt 1",
                "tor1": "Toronto 1", "blr1": "Bangalore 1", "syd1": "Sydney 1"}
# Closed to new droplets: still listed, with no size.
CLOSED_REGIONS = {"nyc2"}
OPEN_REGIONS = [slug for slug in REGION_NAMES if slug not in CLOSED_REGIONS]
WITHOUT_PREMIUM = {"sfo2", "nyc1"}

# slug, MiB, cpus, GiB of disk, TB of transfer, dollars a month, description, regions where it is missing
_SIZES = [
    ("s-1vcpu-512mb-10gb", 512, 1, 10, 0.5, 4, "Basic", {"sgp1", "lon1", "tor1", "blr1"}),
    ("s-1vcpu-1gb", 1024, 1, 25, 1, 6, "Basic", set()),
    ("s-1vcpu-1gb-amd", 1024, 1, 25, 1, 7, "Basic AMD", WITHOUT_PREMIUM),
    ("s-1vcpu-2gb", 2048, 1, 50, 2, 12, "Basic", set()),
    ("s-2vcpu-2gb", 2048, 2, 60, 3, 18, "Basic", set()),
    ("s-2vcpu-4gb", 4096, 2, 80, 4, 24, "Basic", set()),
    ("s-4vcpu-8gb", 8192, 4, 160, 5, 48, "Basic", set()),
    ("s-8vcpu-16gb", 16384, 8, 320, 6, 96, "Basic", set()),
    ("c-2", 4096, 2, 25, 4, 42, "CPU-Optimized", set()),
    ("g-2vcpu-8gb", 8192, 2, 25, 4, 63, "General Purpose", {"sfo2"}),
    ("m-2vcpu-16gb", 16384, 2, 50, 4, 84, "Memory-Optimized", {"sfo2", "tor1"}),
]

# id, slug, name, distribution, type of the list it is in, GiB of disk needed, regions where it is missing
_IMAGES = [
    (195932981, "ubuntu-24-04-x64", "24.04 (LTS) x64", "Ubuntu", "distribution", 10, set()),
    (195924213, "ubuntu-22-04-x64", "22.04 (LTS) x64", "Ubuntu", "distribution", 10, set()),
    (191234567, "ubuntu-25-04-x64", "25.04 x64", "Ubuntu", "distribution", 10, set()),
    (193561372, "debian-12-x64", "12 x64", "Debian", "distribution", 10, set()),
    (201437782, "debian-13-x64", "13 x64", "Debian", "distribution", 10, set()),
    (173907184, "debian-11-x64", "11 x64", "Debian", "distribution", 10, {"syd1"}),
    (194536789, "fedora-42-x64", "42 x64", "Fedora", "distribution", 15, set()),
    (188324512, "rockylinux-9-x64", "9 x64", "Rocky Linux", "distribution", 10, set()),
    (187654321, "centos-stream-9-x64", "Stream 9 x64", "CentOS", "distribution", 10, set()),
    (172088499, "docker-20-04", "Docker on Ubuntu 22.04", "Ubuntu", "application", 25, set()),
    (181812345, "mysql-20-04", "MySQL on Ubuntu 22.04", "Ubuntu", "application", 50, {"syd1"}),
]


def _size(slug, memory, cpus, disk, transfer, monthly, description, missing):
    return {"slug": slug, "memory": memory, "vcpus": cpus, "disk": disk, "transfer": transfer, "price_monthly": monthly,
            "price_hourly": round(monthly / 672, 5), "regions": sorted(set(OPEN_REGIONS) - missing), "available": True,
            "description": description, "disk_info": [{"type": "local", "size": {"amount": disk, "unit": "gib"}}]}


def _image(number, slug, name, distribution, kind, disk, missing):
    # DigitalOcean calls its own images snapshots.
    return kind, {"id": number, "name": name, "type": "snapshot", "distribution": distribution, "slug": slug, "public": True,
                  "regions": sorted(set(OPEN_REGIONS) - missing), "created_at": "2025-05-06T15:20:11Z",
                  "min_disk_size": disk, "size_gigabytes": 2.36, "description": f"{distribution} {name}", "tags": [],
                  "status": "available", "error_message": ""}


SIZES = {row[0]: _size(*row) for row in _SIZES}
IMAGES = {row[1]: _image(*row)[1] for row in _IMAGES}
IMAGE_KINDS = {row[1]: row[4] for row in _IMAGES}
REGIONS = {slug: {"name": name, "slug": slug, "available": slug not in CLOSED_REGIONS,
                  "features": ["backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer"],
                  "sizes": [size["slug"] for size in SIZES.values() if slug in size["regions"]]}
           for slug, name in REGION_NAMES.items()}


def find_image(wanted):
    """The image of an id or a slug, or None."""
    if isinstance(wanted, int) or str(wanted).isdigit():
        return next((image for image in IMAGES.values() if image["id"] == int(wanted)), None)
    return IMAGES.get(wanted)
