"""The dead and the stuck: what a reboot leaves behind.

`cleanup` deletes pods that it killed, `terminating` explains those that do not go, `image_pulls` wakes those that wait
for an image once the registry serves.
"""
