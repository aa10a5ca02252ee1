//! `admin.vm.feature.*` and `admin.vm.tag.*`
//!
//! # Source
//! Admin API facts 2.3.

use device_core::name::QubeName;

use super::Call;
use crate::qube::Qube;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// How many templates or networks are asked for a feature; a ring of them must end.
const INHERITED_MAX: usize = 16;

impl State {
    /// A call about features.
    pub(super) fn feature_call(&mut self, call: Call<'_>, verb: &str) -> Option<Answer> {
        Some(match verb {
            "List" => self.feature_list(call),
            "Get" => self.feature_get(call, &[], false),
            "CheckWithTemplate" => self.feature_get(call, &["template"], false),
            "CheckWithNetvm" => self.feature_get(call, &["netvm"], false),
            "CheckWithAdminVM" => self.feature_get(call, &[], true),
            "CheckWithTemplateAndAdminVM" => self.feature_get(call, &["template"], true),
            "Set" => self.feature_set(call),
            "Remove" => self.feature_remove(call),
            _ => return None,
        })
    }

    /// A call about tags.
    pub(super) fn tag_call(&mut self, call: Call<'_>, verb: &str) -> Option<Answer> {
        Some(match verb {
            "List" => self.tag_list(call),
            "Get" => self.tag_get(call),
            "Set" => self.tag_set(call),
            "Remove" => self.tag_remove(call),
            _ => return None,
        })
    }

    fn feature_list(&self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        call.without_payload()?;
        let qube = self.known(call.destination)?;
        let names = qube.features.keys().map(|name| format!("{name}\n"));
        Ok(names.collect::<String>().into_bytes())
    }

    /// The feature of the qube, else of those it inherits from by `property`, else of dom0.
    fn feature_get(&self, call: Call<'_>, through: &[&str], with_dom0: bool) -> Answer {
        let name = call.wanted_argument()?;
        call.without_payload()?;
        let qube = self.known(call.destination)?;
        let mut chain = self.chain(qube, through);
        if with_dom0 {
            chain.extend(self.qube(&QubeName::dom0()));
        }
        chain
            .iter()
            .find_map(|qube| qube.features.get(name))
            .map(|value| value.clone().into_bytes())
            .ok_or_else(|| no_such_feature(name, call.destination))
    }

    /// A qube and those it follows by `through`.
    fn chain<'a>(&'a self, qube: &'a Qube, through: &[&str]) -> Vec<&'a Qube> {
        let mut chain: Vec<&Qube> = vec![qube];
        for property in through {
            let mut at = qube;
            while let Some(next) = self.qube_property(at, property).and_then(|next| self.qube(&next)) {
                if chain.len() >= INHERITED_MAX {
                    break;
                }
                chain.push(next);
                at = next;
            }
        }
        chain
    }

    /// The feature of a qube, else of its template.
    pub(crate) fn inherited_feature(&self, qube: &QubeName, name: &str) -> Option<&str> {
        let chain = self.chain(self.qube(qube)?, &["template"]);
        chain.iter().find_map(|qube| qube.features.get(name)).map(String::as_str)
    }

    fn feature_set(&mut self, call: Call<'_>) -> Answer {
        let name = call.wanted_argument()?;
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) {
            return Err(Refusal::value("feature name contains illegal characters"));
        }
        let value = std::str::from_utf8(call.payload)
            .ok()
            .filter(|value| value.bytes().all(|b| matches!(b, b' '..=b'~')))
            .ok_or_else(|| Refusal::value(format!("{name} value contains illegal characters")))?;
        let old = self.known(call.destination)?.features.get(name).cloned();
        let mut pairs = vec![("feature", name), ("value", value)];
        pairs.extend(old.as_deref().map(|old| ("oldvalue", old)));
        self.emit(call.destination, &format!("domain-feature-pre-set:{name}"), &pairs);
        self.known_mut(call.destination)?.features.insert(name.to_owned(), value.to_owned());
        self.tell_icon(call.destination, name);
        self.emit(call.destination, &format!("domain-feature-set:{name}"), &pairs);
        Ok(Vec::new())
    }

    fn feature_remove(&mut self, call: Call<'_>) -> Answer {
        let name = call.wanted_argument()?;
        call.without_payload()?;
        if !self.known(call.destination)?.features.contains_key(name) {
            return Err(no_such_feature(name, call.destination));
        }
        let pairs = [("feature", name)];
        self.emit(call.destination, &format!("domain-feature-pre-delete:{name}"), &pairs);
        self.known_mut(call.destination)?.features.remove(name);
        self.tell_icon(call.destination, name);
        self.emit(call.destination, &format!("domain-feature-delete:{name}"), &pairs);
        Ok(Vec::new())
    }

    /// The icon follows the mark of a service qube.
    fn tell_icon(&mut self, qube: &QubeName, feature: &str) {
        if feature == "servicevm" {
            self.emit(qube, "property-reset:icon", &[("name", "icon")]);
        }
    }

    fn tag_list(&self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        call.without_payload()?;
        let tags = self.known(call.destination)?.tags.iter().map(|tag| format!("{tag}\n"));
        Ok(tags.collect::<String>().into_bytes())
    }

    /// Setting a tag that is there changes nothing, and nothing tells of it.
    fn tag_set(&mut self, call: Call<'_>) -> Answer {
        let tag = call.wanted_argument()?;
        call.without_payload()?;
        if !tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            return Err(Refusal::Crash);
        }
        self.set_tag(call.destination, tag, true);
        Ok(Vec::new())
    }

    fn tag_remove(&mut self, call: Call<'_>) -> Answer {
        let tag = call.wanted_argument()?;
        call.without_payload()?;
        if !self.known(call.destination)?.tags.contains(tag) {
            return Err(Refusal::exception(
                "QubesTagNotFoundError",
                format!("Tag not set for domain {}: {tag}", call.destination),
            ));
        }
        self.set_tag(call.destination, tag, false);
        Ok(Vec::new())
    }

    fn tag_get(&self, call: Call<'_>) -> Answer {
        let tag = call.wanted_argument()?;
        call.without_payload()?;
        let has_it = self.known(call.destination)?.tags.contains(tag);
        Ok(if has_it { "1" } else { "0" }.as_bytes().to_vec())
    }
}

fn no_such_feature(name: &str, qube: &QubeName) -> Refusal {
    Refusal::exception("QubesFeatureNotFoundError", format!("Feature not set for domain {qube}: {name}"))
}
