// Three small models whose outputs can be checked by hand; the LightGBM library answered the same (docs/model.md).

/** Two numerical splits with missing values, a zero-as-missing split, a constant tree. */
export const MISSING_AND_CONSTANT = `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1
feature_names=a b
feature_infos=[0:10] [-5:5]

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
split_gain=10 5
threshold=2.5 0.5
decision_type=10 8
left_child=-1 -2
right_child=1 -3
leaf_value=0.25 -0.5 0.75
leaf_weight=10 10 20
leaf_count=40 40 80
internal_value=0 0.1
internal_weight=40 30
internal_count=160 120
is_linear=0
shrinkage=1


Tree=1
num_leaves=2
num_cat=0
split_feature=1
split_gain=1
threshold=1.0000000180025095e-35
decision_type=6
left_child=-1
right_child=-2
leaf_value=-0.125 0.125
leaf_weight=20 20
leaf_count=80 80
internal_value=0
internal_weight=40
internal_count=160
is_linear=0
shrinkage=0.1


Tree=2
num_leaves=1
num_cat=0
leaf_value=0.0625
is_linear=0
shrinkage=1


end of trees
`;
/** Two category sets over one feature. */
export const CATEGORIES = `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=regression
feature_names=city load
feature_infos=-1:0:1:2:33:40 [0:9]

Tree=0
num_leaves=3
num_cat=2
split_feature=0 0
split_gain=9 3
threshold=0 1
decision_type=9 1
left_child=-1 -2
right_child=1 -3
leaf_value=10 20 30
leaf_weight=4 3 3
leaf_count=4 3 3
internal_value=18 25
internal_weight=10 6
internal_count=10 6
cat_boundaries=0 2 3
cat_threshold=2 2 5
is_linear=0
shrinkage=1


end of trees
`;
/** Two splits for contributions by hand. */
export const TWO_SPLITS = `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=regression
feature_names=x y
feature_infos=[0:1] [0:1]

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
split_gain=4 2
threshold=0.5 0.5
decision_type=2 2
left_child=-1 -2
right_child=1 -3
leaf_value=0 8 16
leaf_weight=4 2 2
leaf_count=4 2 2
internal_value=6 12
internal_weight=8 4
internal_count=8 4
is_linear=0
shrinkage=1


end of trees
`;
