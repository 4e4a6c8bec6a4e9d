"""Docker, for what runs outside the cluster: k3d's node containers, and the container of an image registry."""
