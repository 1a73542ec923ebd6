"""MONAI bundles: a network with its weights, and how its input is made and its output read
(https://docs.monai.io/en/stable/mb_specification.html).

Nothing of a bundle is run but what is on a list: no ``$`` expression, no class but MONAI's own
segmentation networks and transforms, no pickle beyond tensors.
"""
